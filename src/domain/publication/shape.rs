//! What a reader of JSON passes over, and receivers would stumble over.

/// The most levels of objects and arrays.
pub const MAX_DEPTH: usize = 64;

/// What is wrong with data that is JSON by its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misshapen {
    /// It has more than [`MAX_DEPTH`] levels: many parsers give up, or recurse until they die.
    TooDeep,
    /// An escape stands for half a character (RFC 8259 §8.2).
    LoneSurrogate,
}

/// Looks through JSON once, whatever its depth.
///
/// # Errors
/// The first thing that is wrong.
pub fn judge(json: &str) -> Result<(), Misshapen> {
    let (mut depth, mut in_string, mut high) = (0_usize, false, false);
    let mut bytes = json.as_bytes().iter().copied();
    while let Some(byte) = bytes.next() {
        let was_high = high;
        high = false;
        match (in_string, byte) {
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (true, b'\\') => {
                if bytes.next() == Some(b'u') {
                    let unit = bytes.by_ref().take(4).fold(0, |unit, digit| unit * 16 + value(digit));
                    let is_low = matches!(unit, 0xdc00..=0xdfff);
                    if was_high != is_low {
                        return Err(Misshapen::LoneSurrogate);
                    }
                    high = matches!(unit, 0xd800..=0xdbff);
                    continue;
                }
            }
            (_, b'"') => in_string = !in_string,
            (true | false, _) => {}
        }
        if was_high {
            return Err(Misshapen::LoneSurrogate);
        }
        if depth > MAX_DEPTH {
            return Err(Misshapen::TooDeep);
        }
    }
    Ok(())
}

fn value(digit: u8) -> u32 {
    char::from(digit).to_digit(16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_levels_are_enough_and_a_hundred_thousand_are_judged() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(judge(&nested(64)), Ok(()));
        assert_eq!(judge(&nested(65)), Err(Misshapen::TooDeep));
        assert_eq!(judge(&nested(131_000)), Err(Misshapen::TooDeep));
        assert_eq!(judge(&format!("[{}]", ["{}"; 100].join(","))), Ok(()), "beside each other");
        assert_eq!(judge(&format!("{{\"a\":\"{}\\\"[\"}}", "[".repeat(100))), Ok(()), "in a string");
    }

    #[test]
    fn an_escape_for_half_a_character_is_found() {
        for good in [r#""\ud83d\ude00""#, r#""\u00e9\n\\ud83d""#, r#""\uD83D\uDE00x""#] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
        for lone in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83dx""#, r#""\ud83d\n""#, r#""\ud83d\ud83d""#] {
            assert_eq!(judge(lone), Err(Misshapen::LoneSurrogate), "{lone}");
        }
    }
}
