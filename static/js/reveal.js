// <form data-reveal="id"> fetches the secret by POST and shows it in place; without script the form does it by itself.
const masks = new Map();
addEventListener('submit', async (e) => {
  const form = e.target;
  const to = form.dataset.reveal && document.getElementById(form.dataset.reveal);
  if (!to) return;
  e.preventDefault();
  const label = form.querySelector('button span');
  if (masks.has(to)) {
    to.replaceChildren(...masks.get(to));
    masks.delete(to);
    delete to.dataset.shown;
    label.textContent = 'Reveal';
    return;
  }
  try {
    const r = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { accept: 'application/json' }, redirect: 'manual' });
    const { value } = await r.json();
    if (!r.ok || !value) throw new Error('not shown');
    masks.set(to, [...to.childNodes]);
    to.dataset.shown = '';
    to.textContent = value;
    label.textContent = 'Hide';
  } catch {
    form.submit(); // The password is needed again, or something went wrong: the server's page says which.
  }
});
