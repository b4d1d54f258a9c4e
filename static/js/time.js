// <time datetime="…Z"> in the viewer's zone; data-ago as "3 minutes ago", data-day without the hour. UTC stays in the title.
const abs = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const rel = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
const show = (root) => {
  for (const t of root.querySelectorAll('time[datetime*="T"]')) {
    const at = new Date(t.dateTime);
    const s = (at - Date.now()) / 1000;
    t.title = t.textContent;
    if ('ago' in t.dataset && Math.abs(s) < 6 * 86400) {
      const [u, n] = units.find(([, n]) => Math.abs(s) >= n) ?? units[3];
      t.textContent = rel.format(Math.round(s / n), u);
      t.title = abs.format(at) + ' (' + t.title + ')';
    } else if (!('utc' in t.dataset)) t.textContent = ('day' in t.dataset ? day : abs).format(at);
  }
};
show(document);
addEventListener('shown', (e) => show(e.target)); // What came later.
