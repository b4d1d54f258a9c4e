// The one script a page loads. Served joined: src/web/assets.rs replaces each import by its file, in a block of its own.
import './page.js';
import './live.js';
import './time.js';
import './zone.js';
import './secret.js';
import './filter.js';
import './icon.js';
import './again.js';
import './unsaved.js';
