//! What every page shows around its own content.

use std::borrow::Cow;

/// The frame of a page: whose platform it is, who looks at it, what was just done.
#[derive(Clone, Debug, Default)]
pub struct Chrome {
    /// `PORTICO_PLATFORM_NAME`
    pub platform: String,
    /// `PORTICO_SUPPORT`
    pub support: Option<Support>,
    /// Who is signed in.
    pub viewer: Option<ViewerChrome>,
    /// Whether *Build App* leads anywhere: the viewer may build in the account they act for.
    pub can_build: bool,
    /// The value every form that posts carries as `csrf` (S18).
    pub csrf: String,
    /// What the post before this page did.
    pub flash: Option<Flash>,
}

impl Chrome {
    /// Where the wordmark leads.
    #[must_use]
    pub fn home(&self) -> &'static str {
        if self.viewer.is_some() { "/apps" } else { "/" }
    }

    /// The account the viewer acts for on pages that belong to no app.
    #[must_use]
    pub fn account(&self) -> Option<&AccountChoice> {
        self.viewer.as_ref()?.accounts.iter().find(|account| account.current)
    }
}

/// Where "Help" leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// A web address, or `mailto:` and an address.
    pub href: String,
    /// How it reads in a sentence: the mail address, or the address without its scheme.
    pub shown: String,
}

impl Support {
    /// From the setting: a web address or a mail address.
    #[must_use]
    pub fn from_setting(setting: &str) -> Self {
        let shown = setting
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_start_matches("mailto:")
            .trim_end_matches('/');
        let href = if setting.contains("://") || setting.starts_with("mailto:") {
            setting.to_owned()
        } else {
            format!("mailto:{setting}")
        };
        Self { href, shown: shown.to_owned() }
    }
}

/// The signed-in person, as the top bar shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewerChrome {
    pub name: String,
    pub email: String,
    pub initials: String,
    /// The accounts the person belongs to.
    pub accounts: Vec<AccountChoice>,
    /// Whether the admin console is theirs.
    pub is_admin: bool,
}

impl ViewerChrome {
    #[must_use]
    pub fn new(name: &str, email: &str, accounts: Vec<AccountChoice>) -> Self {
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
            initials: initials(name),
            accounts,
            is_admin: false,
        }
    }

    /// The same, as an admin of the platform.
    #[must_use]
    pub fn admin(self) -> Self {
        Self { is_admin: true, ..self }
    }
}

/// An account in the switcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChoice {
    pub id: String,
    pub name: String,
    pub initial: String,
    /// 0 to 7, the colour of its tile.
    pub hue: u8,
    pub current: bool,
}

impl AccountChoice {
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            initial: monogram(name),
            hue: hue(id),
            current: false,
        }
    }

    /// The same, as the one the viewer acts for.
    #[must_use]
    pub fn current(self) -> Self {
        Self { current: true, ..self }
    }
}

/// What was just done, said once on the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// One short sentence, shown strong: "Information saved."
    pub done: Cow<'static, str>,
    /// What follows from it, or nothing.
    pub more: Cow<'static, str>,
}

impl Flash {
    #[must_use]
    pub fn new(done: impl Into<Cow<'static, str>>) -> Self {
        Self { done: done.into(), more: Cow::Borrowed("") }
    }

    /// The same with a second sentence.
    #[must_use]
    pub fn more(self, more: impl Into<Cow<'static, str>>) -> Self {
        Self { more: more.into(), ..self }
    }
}

/// The first letter or digit of a name, for a tile without an icon.
#[must_use]
pub fn monogram(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "·".to_owned(), |c| c.to_uppercase().collect())
}

/// The first letters of a person's first and last name.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    let first = words.next().map(monogram);
    let last = words.next_back().map(monogram);
    first.map(|first| format!("{first}{}", last.unwrap_or_default())).unwrap_or_else(|| "·".to_owned())
}

/// The colour of a tile without an icon, 0 to 7: FNV-1a of the id, so that it never changes.
#[must_use]
pub fn hue(id: &str) -> u8 {
    let hash =
        id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // The low bits of FNV are its weakest; fold the high ones into them.
    ((hash ^ (hash >> 16)) % 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_shows_the_first_letter_of_a_name() {
        assert_eq!(monogram("meridian Sync"), "M");
        assert_eq!(monogram("“Ängström”"), "Ä");
        assert_eq!(monogram("7 Seas"), "7");
        assert_eq!(monogram("…"), "·");
    }

    #[test]
    fn a_person_shows_first_and_last_initial() {
        assert_eq!(initials("Ada Osei"), "AO");
        assert_eq!(initials("ada"), "A");
        assert_eq!(initials("Juan Carlos de la Cruz"), "JC");
        assert_eq!(initials(" – "), "·");
    }

    #[test]
    fn hues_are_spread_over_ids() {
        let mut seen = [0_u32; 8];
        for n in 0..800 {
            seen[usize::from(hue(&format!("app_01kb7q2m9vx4t8{n}")))] += 1;
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }

    #[test]
    fn support_is_a_link_whether_address_or_page() {
        let mail = Support::from_setting("dev@example.com");
        assert_eq!((mail.href.as_str(), mail.shown.as_str()), ("mailto:dev@example.com", "dev@example.com"));
        let page = Support::from_setting("https://help.example.com/");
        assert_eq!(
            (page.href.as_str(), page.shown.as_str()),
            ("https://help.example.com/", "help.example.com")
        );
    }
}
