//! Icons by the hash of their content.

use super::{
    Conn, Result, Tx,
    db::{execute, optional},
    statements::statements,
};
use crate::domain::{icon::IconHash, time::Timestamp};

statements! {
    /// The PNG of an icon.
    ICON = "select png from icons where hash = $1";
    /// Keeps an icon, at least until a moment.
    UPSERT_ICON = "insert into icons (hash, png, aside_until) values ($1, $2, $3)
        on conflict (hash) do update set aside_until = excluded.aside_until";
    /// Keeps an icon that is there, at least until a moment.
    HOLD_ICON = "update icons set aside_until = $2 where hash = $1";
    /// Drops icons that no app shows and nobody may still save.
    DELETE_UNUSED_ICONS = "delete from icons where aside_until < $1
        and not exists (select 1 from apps where apps.icon_hash = icons.hash)";
}

impl Conn {
    pub async fn icon(&mut self, hash: &IconHash) -> Result<Option<Vec<u8>>> {
        let row: Option<(Vec<u8>,)> = optional!(self, ICON, hash);
        Ok(row.map(|(png,)| png))
    }
}

impl Tx {
    pub async fn upsert_icon(&mut self, hash: &IconHash, png: &[u8], aside_until: Timestamp) -> Result<()> {
        execute!(self, UPSERT_ICON, hash, png, aside_until);
        Ok(())
    }

    /// Whether it is there. Then it stays: the time moves, since a sweep that waits for this
    /// transaction looks at the icon's own row again, and not at apps that show it by now.
    pub async fn hold_icon(&mut self, hash: &IconHash, aside_until: Timestamp) -> Result<bool> {
        Ok(execute!(self, HOLD_ICON, hash, aside_until) > 0)
    }

    pub async fn delete_unused_icons(&mut self, now: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_UNUSED_ICONS, now))
    }
}
