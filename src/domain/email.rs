//! E-mail addresses.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use url::Host;

use super::{fields::Complaint, text::casefolded};

/// An address that mail can be sent to: RFC 5321's grammar without comments, display
/// names and address literals, its domain with a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// As it was typed.
    text: String,
    /// In lower case and in ASCII (RFC 5891 §5).
    domain: String,
}

impl Email {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form under which two addresses are the same user's. Mail to one of them need not
    /// reach the other (`ß` before the `@` is `ss` here), so it goes to the one that is stored.
    /// The domain is as DNS has it: `straße.example` and `strasse.example` belong to two owners.
    #[must_use]
    pub fn key(&self) -> String {
        let local = self.text.rsplit_once('@').map(|(local, _)| local).unwrap_or_default();
        format!("{}@{}", casefolded(local), self.domain)
    }

    /// What stands after the `@`, in lower case and in ASCII (RFC 5891 §5).
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailError {
    Empty,
    Invalid,
}

impl Complaint for EmailError {
    fn sentence(&self, what: &str) -> String {
        match self {
            Self::Empty => format!("Enter {what}."),
            Self::Invalid => String::from("Enter an address such as name@example.com."),
        }
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        // RFC 5321 §4.5.3.1.3: a path has 256 octets, its brackets among them.
        if text.len() > 254 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(EmailError::Invalid);
        }
        let strict = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let address = EmailAddress::parse_with_options(text, strict).map_err(|_| EmailError::Invalid)?;
        match Host::parse(address.domain()) {
            Ok(Host::Domain(domain)) => Ok(Self { text: address.as_str().to_owned(), domain }),
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => Err(EmailError::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_mail_can_reach_are_taken() {
        for good in [
            "ada@meridian.example",
            " ada+apps@mail.meridian.example ",
            "o'hara@example.com",
            "ü@example.com",
        ] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let wrong = [
            "ada",
            "ada@",
            "@example.com",
            "ada@meridian",
            "a b@example.com",
            "Ada <ada@example.com>",
            "ada@[127.0.0.1]",
            "ada@example.com\r\nBcc: x@example.com",
            "ada@@example.com",
            "ada@exa mple.com",
            "ada@192.0.2.1",
            "ada@xn--a.example",
        ];
        for wrong in wrong {
            assert_eq!(wrong.parse::<Email>(), Err(EmailError::Invalid), "{wrong}");
        }
        assert_eq!("  ".parse::<Email>(), Err(EmailError::Empty));
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(190));
        assert!(long.parse::<Email>().is_err());
    }

    #[test]
    fn case_does_not_make_another_person() {
        let one: Email = "Ada@Example.com".parse().unwrap();
        let other: Email = "ada@example.COM".parse().unwrap();
        assert_eq!(one.key(), other.key());
        assert_eq!(one.domain(), "example.com");
    }

    #[test]
    fn a_domain_is_told_as_dns_has_it() {
        let email: Email = "ada@Bücher.example".parse().unwrap();
        assert_eq!((email.domain(), email.as_str()), ("xn--bcher-kva.example", "ada@Bücher.example"));
    }

    #[test]
    fn another_domain_makes_another_person() {
        let key = |text: &str| text.parse::<Email>().unwrap().key();
        assert_ne!(key("ada@straße.example"), key("ada@strasse.example"));
        assert_eq!(key("ada@Bücher.example"), key("ada@xn--bcher-kva.example"));
        assert_eq!(key("ada@ｍeridian.example"), key("ada@meridian.example"));
    }
}
