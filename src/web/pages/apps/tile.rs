//! The picture of an app: its icon, or a monogram.

use crate::domain::app::App;
use crate::web::page::{hue, monogram};

/// What stands for an app beside its name.
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    /// Where the icon is served, if the app has one.
    pub(crate) url: Option<String>,
    /// The first letter or digit of the name.
    pub(crate) initial: String,
    /// One of eight hues, 0 to 7, always the same for one id.
    pub(crate) hue: u8,
}

impl Tile {
    pub(crate) fn of(app: &App) -> Self {
        let icon = app.icon.map(|hash| hash.to_string());
        Self::new(&app.id.to_string(), app.information.name.as_str(), icon.as_deref())
    }

    /// `icon` is the content hash of the icon.
    pub(crate) fn new(id: &str, name: &str, icon: Option<&str>) -> Self {
        Self { url: icon.map(|hash| format!("/icons/{hash}")), initial: monogram(name), hue: hue(id) }
    }
}
