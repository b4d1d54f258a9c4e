//! How large the events of a body are, be they JSON or not: sizes are judged first.

use super::{MAX_EVENT_BYTES, Place};

/// The first event that is too large, and how many bytes it has. What is no JSON is divided as if
/// it were: at the commas between the outermost brackets.
pub(super) fn too_large(body: &[u8]) -> Option<(Place, usize)> {
    // Then none of them can be.
    if body.len() <= MAX_EVENT_BYTES {
        return None;
    }
    let body = body.trim_ascii();
    match body.strip_prefix(b"[") {
        None => (body.len() > MAX_EVENT_BYTES).then_some((Place::Only, body.len())),
        Some(rest) => {
            let mut sizes = Events { rest }.map(|event| event.trim_ascii().len()).enumerate();
            let large = sizes.find(|(_, bytes)| *bytes > MAX_EVENT_BYTES);
            large.map(|(n, bytes)| (Place::At(n), bytes))
        }
    }
}

/// What stands between the commas of an array.
struct Events<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Events<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = end(self.rest);
        let (event, rest) = self.rest.split_at_checked(end)?;
        self.rest = match rest.split_first() {
            Some((b',', rest)) => rest,
            Some(_) | None => &[],
        };
        Some(event)
    }
}

/// Where the first event ends: at the comma or bracket behind it, or where the body does.
fn end(text: &[u8]) -> usize {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b',' | b']' if depth == 0 => return at,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(bytes: usize) -> String {
        format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8))
    }

    fn judged(body: &str) -> Option<(Place, usize)> {
        too_large(body.as_bytes())
    }

    #[test]
    fn an_event_may_have_so_many_bytes_and_no_more() {
        for around in ["", "[", " \n["] {
            let place = if around.is_empty() { Place::Only } else { Place::At(0) };
            assert_eq!(judged(&format!("{around}{} ", sized(MAX_EVENT_BYTES))), None);
            let larger = format!("{around}{} ", sized(MAX_EVENT_BYTES + 1));
            assert_eq!(judged(&larger), Some((place, MAX_EVENT_BYTES + 1)), "{around:?}");
        }
    }

    #[test]
    fn an_array_is_divided_at_its_own_commas_alone() {
        let large = sized(MAX_EVENT_BYTES + 1);
        for before in ["{}", r#"{"a":[1,{"b":2}],"c":"]},\",\\"}"#, "7", ""] {
            let expected = Some((Place::At(1), large.len()));
            assert_eq!(judged(&format!("[{before} , {large}]")), expected, "{before}");
        }
        let small = sized(MAX_EVENT_BYTES / 2);
        assert_eq!(judged(&format!("[{small},{small},{small}]")), None);
    }

    #[test]
    fn what_is_broken_has_a_size_too() {
        let large = "x".repeat(MAX_EVENT_BYTES + 1);
        assert_eq!(judged(&large), Some((Place::Only, large.len())));
        assert_eq!(judged(&format!("[{{}},{large}")), Some((Place::At(1), large.len())));
        assert_eq!(judged(&format!("[{large}],")), Some((Place::At(0), large.len())));
    }
}
