// <button class="js-only" data-copy="id"> copies that element: its data-value, else its text. A masked secret is asked for first.
const say = document.querySelector('[data-say]');
const secret = async (form) => {
  const r = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { accept: 'application/json' }, redirect: 'manual' });
  if (r.ok && r.headers.get('content-type')?.includes('json')) return (await r.json()).value;
  form.submit(); // The password is needed again, or something went wrong: the server's page says which.
  throw new Error('not shown');
};
const copy = async (id) => {
  const el = document.getElementById(id);
  const form = document.querySelector(`form[data-reveal="${id}"]`);
  if (!form || 'shown' in el.dataset) return navigator.clipboard.writeText(el.dataset.value ?? el.textContent.trim());
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
