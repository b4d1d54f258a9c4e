// <form data-again> is sent again as soon as another choice is made, unless the choice asks for more.
addEventListener('change', (e) => {
  const form = e.target.closest('form[data-again]');
  if (form && e.target.type === 'radio' && e.target.value !== 'custom') form.requestSubmit();
});
