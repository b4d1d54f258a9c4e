//! Where to go afterwards, as a visitor's URL says: never off this site (S25).

/// The path, if it is one of this site; else the list of apps.
pub(super) fn local(next: &str) -> &str {
    // A browser drops tabs and line breaks, and reads a back-slash as a slash.
    let harmless = !next.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let loops = ["/sign-in", "/sign-up", "/confirm"].iter().any(|door| next.starts_with(door));
    if harmless && is_path && !loops { next } else { "/apps" }
}

/// The way through a door, and on to `next` afterwards, if there is such.
pub(super) fn by(door: &str, next: &str) -> String {
    if next.is_empty() {
        return door.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{door}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for good in ["/", "/apps/app_1/credentials", "/apps?q=a%2Fb", "/settings#sessions"] {
            assert_eq!(local(good), good);
        }
        for evil in [
            "",
            "apps",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "https:evil",
            "https://evil.example",
            "javascript:alert(1)",
            "/\n/evil",
            " //evil",
            "/sign-in?next=/sign-in",
        ] {
            assert_eq!(local(evil), "/apps", "{evil:?}");
        }
    }
}
