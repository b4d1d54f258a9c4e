// Times are read in the viewer's zone: <input data-zone> sends its name, <span data-zone> shows it. Without script both stay UTC.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
if (timeZone) {
  for (const el of document.querySelectorAll('[data-zone]')) {
    if (el instanceof HTMLInputElement) el.value = timeZone;
    else el.textContent = timeZone;
  }
}
