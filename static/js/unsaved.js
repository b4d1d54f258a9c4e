// <form data-unsaved>: leaving with changes that were not sent asks first.
const changed = new Set();
addEventListener('input', (e) => {
  const form = e.target.form?.closest('[data-unsaved]');
  if (form) changed.add(form);
});
addEventListener('submit', (e) => changed.delete(e.target));
addEventListener('beforeunload', (e) => {
  if (changed.size) e.preventDefault();
});
