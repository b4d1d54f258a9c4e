//! When a token made to try things out ends, as its form says.

use super::{
    fields::Complaint,
    jwt,
    local_time::{self, NoMoment},
    text_enum::text_enum,
    time::{Span, Timestamp},
};

/// The choice of *View JWT Token*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiresIn {
    Hour,
    Day,
    Week,
    /// At a moment of one's own.
    Custom,
}

text_enum!(ExpiresIn, "expiration time", Hour = "1h", Day = "1d", Week = "1w", Custom = "custom");

/// What can be wrong with the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryError {
    NotChosen,
    Missing,
    Malformed,
    /// The zone's name is none of the IANA database.
    Zone,
    Past,
    TooFar,
}

/// The moment that was chosen. `at` is `YYYY-MM-DDTHH:MM` on the clocks of `zone`, an IANA
/// name, or of UTC where it is empty; both count for `custom` alone.
///
/// # Errors
/// What is wrong with the choice; a moment may lie at most [`jwt::MAX_LIFETIME`] ahead.
pub fn moment(expires_in: &str, at: &str, zone: &str, now: Timestamp) -> Result<Timestamp, ExpiryError> {
    match expires_in.parse().map_err(|_| ExpiryError::NotChosen)? {
        ExpiresIn::Hour => Ok(now + Span::hours(1)),
        ExpiresIn::Day => Ok(now + Span::days(1)),
        ExpiresIn::Week => Ok(now + Span::days(7)),
        ExpiresIn::Custom => within_a_year(local_time::moment(at, zone)?, now),
    }
}

fn within_a_year(at: Timestamp, now: Timestamp) -> Result<Timestamp, ExpiryError> {
    if at <= now {
        Err(ExpiryError::Past)
    } else if at > now + jwt::MAX_LIFETIME {
        Err(ExpiryError::TooFar)
    } else {
        Ok(at)
    }
}

impl From<NoMoment> for ExpiryError {
    fn from(error: NoMoment) -> Self {
        match error {
            NoMoment::Missing => Self::Missing,
            NoMoment::Malformed => Self::Malformed,
            NoMoment::Zone => Self::Zone,
            NoMoment::TooFar => Self::TooFar,
        }
    }
}

impl ExpiryError {
    /// The field that it stands under.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::NotChosen => "expires_in",
            Self::Missing | Self::Malformed | Self::Zone | Self::Past | Self::TooFar => "expires_at",
        }
    }
}

impl Complaint for ExpiryError {
    fn sentence(&self, _: &str) -> String {
        let sentence = match self {
            Self::NotChosen => "Choose an expiration time.",
            Self::Missing => "Enter when the token should expire.",
            Self::Malformed => "Enter a date and time such as 2026-11-24T07:20.",
            Self::Zone => "This time zone is not known; enter the time in UTC.",
            Self::Past => "This time is in the past; choose one that is yet to come.",
            Self::TooFar => "A token may last at most one year (365 days); choose an earlier time.",
        };
        sentence.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 Nov 2026, 07:20 UTC.
    const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);

    fn custom(at: &str, zone: &str) -> Result<Timestamp, ExpiryError> {
        moment("custom", at, zone, NOW)
    }

    #[test]
    fn the_short_choices_are_counted_from_now_and_ask_for_nothing_else() {
        assert_eq!(moment("1h", "rubbish", "Nowhere", NOW), Ok(NOW + Span::hours(1)));
        assert_eq!(moment("1d", "", "", NOW), Ok(NOW + Span::days(1)));
        assert_eq!(moment("1w", "", "", NOW), Ok(NOW + Span::days(7)));
        for wrong in ["", "2h", "1H", "forever"] {
            assert_eq!(moment(wrong, "", "", NOW), Err(ExpiryError::NotChosen), "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_after_now_and_at_most_365_days_ahead() {
        assert_eq!(custom("2026-11-24T07:20", ""), Err(ExpiryError::Past));
        assert_eq!(custom("2026-11-24T07:21", ""), Ok(NOW + Span::minutes(1)));
        assert_eq!(custom("2027-11-24T07:20", ""), Ok(NOW + Span::days(365)));
        assert_eq!(custom("2027-11-24T07:21", ""), Err(ExpiryError::TooFar));
        assert_eq!(custom("1999-12-31T23:59", "UTC"), Err(ExpiryError::Past));
        assert_eq!(custom("9999-12-31T23:59", "UTC"), Err(ExpiryError::TooFar));
    }

    #[test]
    fn it_is_read_on_the_clocks_of_its_zone() {
        let at = custom("2026-11-24T12:00", "UTC");
        assert_eq!(custom("2026-11-24T21:00", "Asia/Tokyo"), at);
        assert_eq!(custom("2026-11-24T07:00", "America/New_York"), at);
        assert_eq!(custom(" 2026-11-24T12:00 ", " "), at);
        // 28 March 2027, 02:30 does not happen in Berlin; 31 October 2027, 02:30 happens twice.
        assert_eq!(custom("2027-03-28T02:30", "Europe/Berlin"), custom("2027-03-28T01:30", "UTC"));
        assert_eq!(custom("2027-10-31T02:30", "Europe/Berlin"), custom("2027-10-31T00:30", "UTC"));
    }

    #[test]
    fn a_zone_is_one_of_the_iana_database() {
        for wrong in ["Mars/Phobos", "EST5EDT4", "../../etc/passwd", "Etc/Unknown", "+02:00"] {
            assert_eq!(custom("2026-11-24T12:00", wrong), Err(ExpiryError::Zone), "{wrong}");
        }
    }

    #[test]
    fn the_form_of_a_moment_is_exact() {
        assert_eq!(custom("", "UTC"), Err(ExpiryError::Missing));
        for wrong in [
            "tomorrow",
            "2026-11-24",
            "2026-11-24 07:21",
            "2026-11-24T07:21:00",
            "2026-11-24T07:21Z",
            "2026-13-24T07:21",
            "2026-11-31T07:21",
            "2026-11-24T24:00",
            "26-11-24T07:21",
            "+026-11-24T07:21",
        ] {
            assert_eq!(custom(wrong, "UTC"), Err(ExpiryError::Malformed), "{wrong}");
        }
    }
}
