//! What is wrong with a form: every field, in the order of the page.

use std::{borrow::Cow, str::FromStr};

/// An error that can say in one whole sentence what is wrong and what would be right.
pub trait Complaint {
    /// `what` names the field within a sentence: "the short description".
    fn sentence(&self, what: &str) -> String;
}

/// Every wrong field of a form, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(Cow<'static, str>, String)>);

impl FieldErrors {
    /// One wrong field alone.
    #[must_use]
    pub fn one(field: impl Into<Cow<'static, str>>, sentence: impl Into<String>) -> Self {
        Self(vec![(field.into(), sentence.into())])
    }

    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, sentence: impl Into<String>) {
        self.0.push((field.into(), sentence.into()));
    }

    /// The value, or a note of what is wrong with it.
    pub fn take<T, E: Complaint>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        what: &str,
        parsed: Result<T, E>,
    ) -> Option<T> {
        parsed.map_err(|error| self.add(field, error.sentence(what))).ok()
    }

    /// As [`FieldErrors::take`] of a field that may be left empty.
    pub fn take_optional<T, E: Complaint>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        what: &str,
        text: &str,
    ) -> Option<Option<T>>
    where
        T: FromStr<Err = E>,
    {
        if text.trim().is_empty() { Some(None) } else { self.take(field, what, text.parse()).map(Some) }
    }

    /// What `build` makes of the parts, if no field was wrong.
    ///
    /// # Errors
    /// The errors collected so far.
    pub fn into_result<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Self> {
        match build() {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }

    /// Every sentence about a field.
    pub fn all(&self, field: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(name, _)| *name == field).map(|(_, sentence)| sentence)
    }

    /// The first sentence about a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == field).map(|(_, sentence)| sentence)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, sentence)| (field.as_ref(), sentence.as_str()))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts errors found apart from the others where their fields stand on the page.
    pub fn sort_by_page(&mut self, order: &[&str]) {
        self.0.sort_by_key(|(field, _)| order.iter().position(|name| name == field));
    }
}

/// The sentence with its first letter in upper case.
#[must_use]
pub fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
