// <button class="js-only" data-copy="id"> copies that element: its data-value, else its text.
// <form data-reveal="id"> shows a masked secret in place, and copying one asks for it likewise; without script the form does it by itself.
const say = document.querySelector('[data-say]');
const masks = new Map();
const secret = async (form) => {
  try {
    const r = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { accept: 'application/json' }, redirect: 'manual' });
    const { value } = await r.json();
    if (r.ok && value) return value;
  } catch { /* No JSON is no secret. */ }
  form.submit(); // The password is needed again, or something went wrong: the server's page says which.
  throw new Error('not shown');
};
const copy = async (id) => {
  const el = document.getElementById(id);
  const form = document.querySelector(`form[data-reveal="${id}"]`);
  if (!form || masks.has(el)) return navigator.clipboard.writeText(el.dataset.value ?? el.textContent.trim());
  // Written as a promise: some browsers forget the click while the answer is on its way.
  return navigator.clipboard.write([new ClipboardItem({ 'text/plain': secret(form) })]);
};
addEventListener('click', async (e) => {
  const b = e.target.closest('[data-copy]');
  if (!b) return;
  const label = b.querySelector('span');
  try {
    await copy(b.dataset.copy);
    label.textContent = 'Copied';
  } catch {
    label.textContent = 'Not copied';
  }
  if (say) say.textContent = label.textContent;
  setTimeout(() => { label.textContent = 'Copy'; if (say) say.textContent = ''; }, 2000);
});
addEventListener('submit', async (e) => {
  const form = e.target;
  const to = form.dataset.reveal && document.getElementById(form.dataset.reveal);
  if (!to) return;
  e.preventDefault();
  const label = form.querySelector('button span');
  if (masks.has(to)) {
    to.replaceChildren(...masks.get(to));
    masks.delete(to);
    label.textContent = 'Reveal';
    return;
  }
  const value = await secret(form).catch(() => null);
  if (!value) return;
  masks.set(to, [...to.childNodes]);
  to.textContent = value;
  label.textContent = 'Hide';
});
