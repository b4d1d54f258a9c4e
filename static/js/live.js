// <div id="…" data-live> is fetched again while it says so: soon after a change, later and later without one, until it stops. What has the focus or is being selected is left alone; data-said is said when it changes.
const saves = navigator.connection?.saveData || matchMedia('(prefers-reduced-data: reduce)').matches;
const sent = new Map(); // As the server sent it, before script put times into the viewer's zone.
const live = () => [...document.querySelectorAll('[data-live]')];
for (const el of live()) sent.set(el.id, el.innerHTML);
const inUse = (el) => {
  const chosen = getSelection();
  return el.contains(document.activeElement) || (!chosen.isCollapsed && chosen.containsNode(el, true));
};
const renew = (el, fresh) => {
  el.toggleAttribute('data-live', 'live' in fresh.dataset);
  const html = fresh.innerHTML;
  if (html === sent.get(el.id)) return false;
  sent.set(el.id, html);
  const open = [...el.querySelectorAll('details[id][open]')].map((d) => d.id);
  el.replaceChildren(...fresh.childNodes);
  for (const id of open) el.querySelector(`#${CSS.escape(id)}`)?.setAttribute('open', '');
  const voice = document.querySelector('[data-say]');
  const said = fresh.dataset.said;
  if (voice && said && said !== el.dataset.said) voice.textContent = said;
  el.dataset.said = said ?? '';
  el.dispatchEvent(new Event('shown', { bubbles: true }));
  return true;
};
let wait = 2000;
const turn = async () => {
  const all = live();
  if (!all.length || wait > 300000) return; // A page that is forgotten keeps no session alive.
  if (!document.hidden && !all.some(inUse)) {
    const answer = await fetch(location.href, { redirect: 'manual' }).catch(() => null);
    if (answer && !answer.ok) return;
    const page = answer && new DOMParser().parseFromString(await answer.text(), 'text/html');
    const changed = page && all.filter((el) => {
      const fresh = page.getElementById(el.id);
      return fresh && !inUse(el) && renew(el, fresh);
    }).length;
    wait = changed ? 2000 : wait * 1.5;
  }
  setTimeout(turn, Math.min(wait, 60000));
};
if (!saves && live().length) setTimeout(turn, wait);
