//! Requests a day as a chart: where each bar stands, and the words that say the same. It draws
//! itself, so that a page holds it as a field and shows it by its name.

mod health;

use askama::{Template, filters::HtmlSafe};

pub use self::health::HealthChart;

use crate::domain::{calls::Day, text::Count};

/// Height of the picture in its own units. It is stretched to its place, so units are no
/// pixels; at its usual height ten of them are one.
const HEIGHT: u32 = 1_440;
/// The least height of a count that is not zero, so that one among millions is seen.
const LEAST: u32 = 30;
/// Between what was allowed and what was refused on one day.
const GAP: u32 = 20;
/// Width of a day, and of the bars in it.
const DAY: u32 = 20;
const BAR: u32 = 14;
/// Every how manieth day is named below the picture, counted from the last.
const NAMED: usize = 7;

/// The requests of some days in a row: allowed, and on top of that refused.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "components/chart.html")]
pub struct RequestsChart {
    days: Vec<DayBars>,
    /// The value at the upper edge.
    top: u64,
    allowed: u64,
    refused: u64,
    /// The day with the most requests; of equal ones the first.
    most: Option<Day>,
}

/// It is markup of its own template, where everything is escaped.
impl HtmlSafe for RequestsChart {}

/// A day and its bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DayBars {
    count: Day,
    x: u32,
    allowed: Bar,
    refused: Bar,
    is_named: bool,
}

/// One bar; without height there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bar {
    y: u32,
    height: u32,
}

impl RequestsChart {
    /// The chart of these days, the earliest first.
    #[must_use]
    pub fn new(counts: &[Day]) -> Self {
        let sum = |of: fn(&Day) -> u64| counts.iter().map(of).fold(0_u64, u64::saturating_add);
        // Of equal days `max_by_key` finds the last, so they are looked at backwards.
        let most = counts.iter().rev().max_by_key(|count| count.calls.all()).copied();
        let top = rounded_up(most.map_or(0, |most| most.calls.all()));
        let last = counts.len().saturating_sub(1);
        // The first day too, unless its name would touch the next one's.
        let is_named = |n: usize| (last - n).is_multiple_of(NAMED) || (n == 0 && last % NAMED > NAMED / 2);
        let day = |(n, count): (usize, &Day)| DayBars::new(*count, n, top, is_named(n));
        Self {
            days: counts.iter().enumerate().map(day).collect(),
            top,
            allowed: sum(|count| count.calls.allowed),
            refused: sum(|count| count.calls.refused),
            most: most.filter(|most| most.calls.all() > 0),
        }
    }

    /// `1,204`, as people read it.
    const fn number(count: &u64) -> Count {
        Count(*count)
    }

    fn width(&self) -> u32 {
        u32::try_from(self.days.len()).unwrap_or(u32::MAX).saturating_mul(DAY)
    }

    /// The value at half the height, where it is a whole number.
    fn middle(&self) -> Option<u64> {
        self.top.is_multiple_of(2).then_some(self.top / 2)
    }
}

impl DayBars {
    fn new(count: Day, n: usize, top: u64, is_named: bool) -> Self {
        let (mut allowed, mut refused) = (height(count.calls.allowed, top), height(count.calls.refused, top));
        let gap = if allowed > 0 && refused > 0 { GAP } else { 0 };
        // What small counts got for nothing is taken from the large one.
        let over = (allowed + gap + refused).saturating_sub(HEIGHT);
        if allowed > refused {
            allowed -= over;
        } else {
            refused -= over;
        }
        let x = u32::try_from(n).unwrap_or(u32::MAX).saturating_mul(DAY).saturating_add((DAY - BAR) / 2);
        let base = HEIGHT - allowed;
        Self {
            count,
            x,
            allowed: Bar { y: base, height: allowed },
            refused: Bar { y: base - gap - refused, height: refused },
            is_named,
        }
    }
}

fn height(count: u64, top: u64) -> u32 {
    if count == 0 {
        return 0;
    }
    let share = u128::from(count) * u128::from(HEIGHT) / u128::from(top.max(1));
    u32::try_from(share).unwrap_or(HEIGHT).clamp(LEAST, HEIGHT)
}

/// The next of 1, 2, 4, 6, 8, 10, 20, 40, … : few, easily read, and most of them halved
/// without a rest.
fn rounded_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for times in [1, 2, 4, 6, 8] {
            match unit.checked_mul(times) {
                Some(round) if round >= most => return round,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        let Some(next) = unit.checked_mul(10) else { return u64::MAX };
        unit = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scraper::{Html, Selector};

    use super::*;
    use crate::domain::{
        calls::Calls,
        time::{Span, Timestamp},
    };

    /// Ending with 24 Nov 2026.
    fn days(counts: &[(u64, u64)]) -> Vec<Day> {
        let last = Timestamp::from_seconds(1_795_478_400);
        let ago = |n: usize| Span::days(i64::try_from(counts.len() - 1 - n).unwrap());
        let day = |(n, (allowed, refused)): (usize, &(u64, u64))| Day {
            starts: last - ago(n),
            calls: Calls { allowed: *allowed, refused: *refused, unnamed: 0 },
        };
        counts.iter().enumerate().map(day).collect()
    }

    fn chart(counts: &[(u64, u64)]) -> RequestsChart {
        RequestsChart::new(&days(counts))
    }

    #[test]
    fn the_upper_edge_is_a_round_number() {
        for (most, top) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (5, 6),
            (9, 10),
            (10, 10),
            (11, 20),
            (61, 80),
            (81, 100),
            (1_904, 2_000),
            (2_001, 4_000),
            (8_000_000, 8_000_000),
            (10_000_000_000_000_000_001, u64::MAX),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(rounded_up(most), top, "{most}");
        }
    }

    #[test]
    fn bars_are_as_high_as_their_counts() {
        let chart = chart(&[(1_000, 0), (0, 500), (0, 0), (1_000, 1_000)]);
        assert_eq!(chart.top, 2_000);
        let bars: Vec<_> = chart.days.iter().map(|day| (day.allowed, day.refused)).collect();
        let bar = |y, height| Bar { y, height };
        assert_eq!(bars[0], (bar(720, 720), bar(720, 0)));
        assert_eq!(bars[1], (bar(1_440, 0), bar(1_080, 360)));
        assert_eq!(bars[2], (bar(1_440, 0), bar(1_440, 0)));
        assert_eq!(bars[3], (bar(720, 720), bar(0, 700)), "the gap is taken from the bars");
        assert_eq!(chart.days.iter().map(|day| day.x).collect::<Vec<_>>(), [3, 23, 43, 63]);
        assert_eq!((chart.width(), chart.middle()), (80, Some(1_000)));
    }

    #[test]
    fn the_last_day_is_named_and_those_whole_weeks_before() {
        let named = |days: usize| -> Vec<usize> {
            let days = chart(&vec![(1, 0); days]).days;
            days.iter().enumerate().filter(|(_, day)| day.is_named).map(|(n, _)| n).collect()
        };
        assert_eq!(named(30), [1, 8, 15, 22, 29]);
        assert_eq!(named(14), [0, 6, 13]);
        assert_eq!(named(1), [0]);
    }

    #[test]
    fn one_among_millions_is_seen() {
        let chart = chart(&[(9_999_999, 1), (1, 0)]);
        let first = chart.days[0];
        assert_eq!(first.refused, Bar { y: 0, height: LEAST });
        assert_eq!(first.allowed, Bar { y: LEAST + GAP, height: HEIGHT - LEAST - GAP });
        assert_eq!(chart.days[1].allowed.height, LEAST);
    }

    #[test]
    fn the_words_say_what_the_picture_shows() {
        let chart = chart(&[(2, 0), (1_200, 30), (2, 1)]);
        let html = chart.render().unwrap();
        let text = |css: &str| -> Vec<String> {
            let selector = Selector::parse(css).unwrap();
            let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
            Html::parse_fragment(&html).select(&selector).map(|found| words(found.text().collect())).collect()
        };
        assert_eq!(
            text("#requests-desc"),
            ["1,204 requests allowed and 31 refused in the last 3 days; most on 23 Nov 2026."]
        );
        assert_eq!(
            text("tbody :is(th, td)"),
            ["24 Nov 2026", "2", "1", "23 Nov 2026", "1,200", "30", "22 Nov 2026", "2", "0"]
        );
        assert_eq!(text(".chart-scale span"), ["2,000", "1,000", "0"]);
        assert_eq!(text(".legend-keys li"), ["Allowed, 1,204", "Refused, 31", "Most on 23 Nov"]);
        assert_eq!(text("svg rect.bar").len(), 3);
        assert_eq!(text("svg rect.bar-bad").len(), 2, "no bar where there is nothing");
        assert!(!html.contains("style="));
    }

    #[test]
    fn without_a_request_there_are_words_and_no_frame() {
        for nothing in [chart(&[(0, 0); 14]), chart(&[])] {
            let html = nothing.render().unwrap();
            assert!(html.contains("No requests in the last"), "{html}");
            assert!(!html.contains("<svg") && !html.contains("<table"), "{html}");
        }
    }

    #[test]
    fn one_is_said_as_one() {
        let html = chart(&[(1, 0)]).render().unwrap();
        assert!(html.contains("1 request allowed and 0 refused on 24 Nov 2026."), "{html}");
        assert_eq!(chart(&[(1, 0)]).middle(), None, "there is no half request");
    }

    proptest! {
        #[test]
        fn bars_stay_within_the_picture(
            counts in prop::collection::vec((0..=u64::MAX / 2, 0..=u64::MAX / 2), 0..40),
            small in prop::collection::vec((0_u64..5, 0_u64..5), 0..40),
        ) {
            for day in chart(&[counts, small].concat()).days {
                let (allowed, refused) = (day.allowed, day.refused);
                prop_assert_eq!(allowed.y + allowed.height, HEIGHT);
                prop_assert!(refused.y + refused.height <= allowed.y);
                prop_assert_eq!(allowed.height == 0, day.count.calls.allowed == 0);
                prop_assert_eq!(refused.height == 0, day.count.calls.refused == 0);
                prop_assert!(day.count.calls.allowed == 0 || allowed.height >= LEAST);
                prop_assert!(day.count.calls.refused == 0 || refused.height >= LEAST);
            }
        }
    }
}
