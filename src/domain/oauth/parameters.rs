//! The parameters of a request, from its body or query (RFC 6749 §3.1, §3.2).

use std::fmt;

use thiserror::Error;
use url::form_urlencoded;

/// Each at most once. One without a value is as if it had not been sent.
#[derive(Clone)]
pub struct Parameters(Vec<(String, String)>);

/// What can be wrong with a list of parameters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParametersError {
    #[error("The parameter {0} was sent more than once; send it once.")]
    Repeated(String),
    #[error("The parameters must be UTF-8.")]
    NotText,
    #[error("There are more than {MOST} parameters.")]
    TooMany,
}

/// More than any request has.
const MOST: usize = 50;
/// Of a name that is told back.
const NAME_BYTES: usize = 60;

impl Parameters {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// One of them is there twice, whether it is known or not.
    pub fn parse(encoded: &[u8]) -> Result<Self, ParametersError> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            // The reader replaces what is no UTF-8 by this character, which nobody has use for here.
            if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
                return Err(ParametersError::NotText);
            }
            if parameters.iter().any(|(known, _)| *known == name) {
                let end = name.floor_char_boundary(NAME_BYTES);
                return Err(ParametersError::Repeated(name.get(..end).unwrap_or_default().to_owned()));
            }
            if parameters.len() == MOST {
                return Err(ParametersError::TooMany);
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    /// All of them, names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Without values, which may be secrets.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_once_each() {
        let read = Parameters::parse(b"grant_type=a+b&scope=&x=%C3%A9").unwrap();
        assert_eq!((read.get("grant_type"), read.get("x")), (Some("a b"), Some("é")));
        assert_eq!((read.get("scope"), read.get("y")), (None, None));
        assert!(Parameters::parse(b"").is_ok());
        let repeated = |name: &str| ParametersError::Repeated(name.to_owned());
        assert_eq!(Parameters::parse(b"a=1&b=2&a=1").unwrap_err(), repeated("a"));
        assert_eq!(Parameters::parse(b"a=&a=1").unwrap_err(), repeated("a"));
        assert_eq!(Parameters::parse(b"%61=1&a=1").unwrap_err(), repeated("a"));
        assert_eq!(Parameters::parse(b"a=%ff").unwrap_err(), ParametersError::NotText);
        let many = |count: usize| (0..count).map(|n| format!("p{n}=1&")).collect::<String>();
        assert!(Parameters::parse(many(50).as_bytes()).is_ok());
        assert_eq!(Parameters::parse(many(51).as_bytes()).unwrap_err(), ParametersError::TooMany);
    }

    #[test]
    fn values_are_never_printed() {
        let read = Parameters::parse(b"client_secret=cs_x").unwrap();
        assert_eq!(format!("{read:?}"), "[\"client_secret\"]");
    }
}
