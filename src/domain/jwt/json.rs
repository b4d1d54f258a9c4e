//! JSON as a token may carry it: no member twice, no number beyond f64, not too deep.

use std::{borrow::Cow, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

/// How deep arrays and objects may be nested.
pub const MAX_DEPTH: u8 = 32;

/// A value, as far as claims need it. Text without escapes is not copied.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool,
    Number(f64),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Members<'a>),
}

/// The members of an object as they are written, each of another name.
pub type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

impl Json<'_> {
    /// A member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(one, _)| one == name).map(|(_, value)| value),
            Self::Null | Self::Bool | Self::Number(_) | Self::Text(_) | Self::Array(_) => None,
        }
    }
}

/// Reads one value and nothing after it.
///
/// # Errors
/// In words: the syntax, a member named twice (RFC 7519 §4 lets us refuse it), a number
/// that is not finite, or nesting deeper than [`MAX_DEPTH`].
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, String> {
    // Looked through once, and not again for each text in it.
    let text = str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Depth(0).deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Depth(u8);

impl Depth {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.0 < MAX_DEPTH { Ok(Self(self.0 + 1)) } else { Err(E::custom("nested deeper than 32")) }
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers beyond 2^53 are refused as times and unused elsewhere"
    )]
    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers beyond 2^53 are refused as times and unused elsewhere"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Json<'de>, E> {
        if number.is_finite() {
            Ok(Json::Number(number))
        } else {
            Err(E::custom("a number that is not finite"))
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(depth)? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut object = Members::new();
        while let Some(name) = members.next_key_seed(Name)? {
            object.push((name, members.next_value_seed(depth)?));
        }
        if has_twins(&object) {
            return Err(de::Error::custom("a member is named twice"));
        }
        Ok(Json::Object(object))
    }
}

/// Members of the claims that most tokens have.
const USUAL_MEMBERS: usize = 4;

/// Whether two members have one name. In order they are soon found among very many.
fn has_twins(members: &Members<'_>) -> bool {
    let mut names: SmallVec<[&str; USUAL_MEMBERS]> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
}

/// The name of a member. Serde's own `Cow` copies it.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }
}
