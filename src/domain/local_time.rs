//! A moment as a form takes it: on the clocks of a zone.

use super::time::Timestamp;

/// What can be wrong with such a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMoment {
    Missing,
    Malformed,
    /// The zone's name is none of the IANA database.
    Zone,
    /// Past what can be held.
    TooFar,
}

/// The moment at which the clocks of `zone`, an IANA name, show `at`, which is
/// `YYYY-MM-DDTHH:MM`; those of UTC where `zone` is empty.
///
/// # Errors
/// What is wrong with either.
pub fn moment(at: &str, zone: &str) -> Result<Timestamp, NoMoment> {
    let (at, zone) = (at.trim(), zone.trim());
    if at.is_empty() {
        return Err(NoMoment::Missing);
    }
    // `strptime` alone would also take years and hours of other lengths.
    let shape = at.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    if !shape.eq("0000-00-00T00:00".bytes()) {
        return Err(NoMoment::Malformed);
    }
    let civil = jiff::civil::DateTime::strptime("%Y-%m-%dT%H:%M", at).map_err(|_| NoMoment::Malformed)?;
    let zone = if zone.is_empty() { "UTC" } else { zone };
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_| NoMoment::Zone)?;
    if zone.is_unknown() {
        return Err(NoMoment::Zone);
    }
    // When clocks are put forward the moment after the gap is meant, when back the first of the two.
    // Only the last hours of the year 9999 are past what can be held.
    let moment = zone.to_timestamp(civil).map_err(|_| NoMoment::TooFar)?;
    Ok(Timestamp::from_micros(moment.as_microsecond()))
}
