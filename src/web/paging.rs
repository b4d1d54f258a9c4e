//! The pages of a list: each begins after a row, which its address names.

use crate::domain::{id::Id, time::Timestamp};

/// A row as `after` names it: when it was made, in microseconds, and its id.
pub(super) fn row_name<T: Id>((made, id): (Timestamp, T)) -> String {
    format!("{}.{id}", made.micros())
}

/// The row of that name, if it is one.
pub(super) fn row<T: Id>(name: &str) -> Option<(Timestamp, T)> {
    let (made, id) = name.split_once('.')?;
    Some((Timestamp::from_micros(made.parse().ok()?), id.parse().ok()?))
}

/// The address of a list with what it is asked, without what is empty.
pub(super) fn href(path: &str, asked: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::AppId;

    #[test]
    fn a_row_is_read_as_it_was_named() {
        let at =
            (Timestamp::from_micros(1_795_504_800_000_001), AppId::generate(Timestamp::default(), [3; 10]));
        assert_eq!(row(&row_name(at)), Some(at));
        for wrong in ["", ".", "1", "x.app_1", "1."] {
            assert_eq!(row::<AppId>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_holds_nothing_empty() {
        assert_eq!(href("/apps", &[("q", "a&b"), ("type", ""), ("after", "1.x")]), "/apps?q=a%26b&after=1.x");
        assert_eq!(href("/apps", &[("q", "")]), "/apps");
    }
}
