//! Enums with one text form each, the same in the database, in forms and in URLs.

use thiserror::Error;

/// A text from outside names nothing we know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown {what} {text:?}")]
pub struct Unknown {
    what: &'static str,
    text: String,
}

impl Unknown {
    #[must_use]
    pub fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.to_owned() }
    }
}

/// Gives an enum its one text form, in the database, in forms and in URLs.
macro_rules! text_enum {
    ($name:ident, $what:literal, $($variant:ident = $text:literal),+ $(,)?) => {
        #[allow(dead_code, unreachable_pub, reason = "some of these enums are private to a room")]
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::text_enum::Unknown;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::text_enum::Unknown::new($what, text)),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use text_enum;
