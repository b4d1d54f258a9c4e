//! How deliveries go as a chart: attempts a day, and how long those took that succeeded.

use askama::{Template, filters::HtmlSafe};

use super::{BAR, DayBars, HEIGHT, RequestsChart, height, rounded_up};
use crate::domain::{
    calls::{Calls, Day},
    delivery::health::Attempts,
    text::Count,
    time::{Span, Timestamp},
};

/// The attempts of some days in a row: succeeded, and on top of that failed; below, what one that
/// succeeded took, of all of a day the mean.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "components/health.html")]
pub struct HealthChart {
    days: Vec<HealthDay>,
    attempts: RequestsChart,
    sum: Attempts,
    /// Milliseconds at the upper edge.
    top_ms: u64,
}

/// It is markup of its own template, where everything is escaped.
impl HtmlSafe for HealthChart {}

/// A day, its bars, and that of its mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HealthDay {
    starts: Timestamp,
    attempts: Attempts,
    bars: DayBars,
    took: u32,
}

impl HealthChart {
    /// The chart of these days, the earliest first.
    #[must_use]
    pub fn new(days: &[(Timestamp, Attempts)]) -> Self {
        let count = |(starts, attempts): &(Timestamp, Attempts)| Day {
            starts: *starts,
            calls: Calls { allowed: attempts.succeeded, refused: attempts.failed, unnamed: 0 },
        };
        let attempts = RequestsChart::new(&days.iter().map(count).collect::<Vec<_>>());
        let slowest = days.iter().filter_map(|(_, attempts)| attempts.mean()).map(millis).max();
        let top_ms = rounded_up(slowest.unwrap_or_default());
        let day = |((starts, attempts), bars): (&(Timestamp, Attempts), &DayBars)| HealthDay {
            starts: *starts,
            attempts: *attempts,
            bars: *bars,
            // Even what took no time that could be measured is seen.
            took: attempts.mean().map_or(0, |mean| height(millis(mean).max(1), top_ms)),
        };
        Self {
            days: days.iter().zip(&attempts.days).map(day).collect(),
            sum: days.iter().map(|(_, attempts)| *attempts).sum(),
            attempts,
            top_ms,
        }
    }

    /// Whether something was attempted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sum.all() == 0
    }

    /// The value at half the height, where it is a whole number.
    fn middle_ms(&self) -> Option<u64> {
        self.top_ms.is_multiple_of(2).then_some(self.top_ms / 2)
    }

    /// `99.3 %`
    fn rate(attempts: &Attempts) -> Option<String> {
        attempts.permille().map(|permille| match permille {
            1_000 => String::from("100 %"),
            part => format!("{}.{} %", part / 10, part % 10),
        })
    }

    const fn number(count: &u64) -> Count {
        Count(*count)
    }
}

/// Rounded up, as something that takes time does.
fn millis(span: Span) -> u64 {
    u64::try_from(span.micros()).unwrap_or_default().div_ceil(1_000)
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use super::*;

    /// Ending with 24 Nov 2026: succeeded, failed, the mean and the slowest in milliseconds.
    fn chart(days: &[(u64, u64, i64, i64)]) -> HealthChart {
        let last = Timestamp::from_seconds(1_795_478_400);
        let day = |(n, (succeeded, failed, mean, slowest)): (usize, &(u64, u64, i64, i64))| {
            let ago = Span::days(i64::try_from(days.len() - 1 - n).unwrap());
            let total = Span::from_micros(mean * 1_000 * i64::try_from(*succeeded).unwrap());
            let slowest = Span::from_micros(slowest * 1_000);
            (last - ago, Attempts { succeeded: *succeeded, failed: *failed, total, slowest })
        };
        HealthChart::new(&days.iter().enumerate().map(day).collect::<Vec<_>>())
    }

    fn texts(chart: &HealthChart, css: &str) -> Vec<String> {
        let (html, selector) = (chart.render().unwrap(), Selector::parse(css).unwrap());
        let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Html::parse_fragment(&html).select(&selector).map(|found| words(found.text().collect())).collect()
    }

    #[test]
    fn the_words_say_what_the_pictures_show() {
        let chart = chart(&[(0, 4, 0, 0), (0, 0, 0, 0), (1_990, 10, 150, 4_000)]);
        assert_eq!(
            texts(&chart, "desc"),
            [
                "1,990 attempts succeeded, 99.3 %, and 14 failed in the last 3 days.",
                "An attempt that succeeded took 150 ms on average; the slowest took 4.00 s."
            ]
        );
        assert_eq!(
            texts(&chart, "tbody :is(th, td)"),
            [
                ["24 Nov 2026", "1,990", "10", "99.5 %", "150 ms", "4.00 s"],
                ["23 Nov 2026", "0", "0", "None", "None", "None"],
                ["22 Nov 2026", "0", "4", "0.0 %", "None", "None"]
            ]
            .concat()
        );
        assert_eq!(texts(&chart, ".chart-scale span"), ["2,000", "1,000", "0", "200 ms", "100 ms", "0"]);
        assert_eq!((chart.days[0].took, chart.days[2].took), (0, HEIGHT * 3 / 4));
        assert!(!chart.is_empty() && !chart.render().unwrap().contains("style="));
    }

    #[test]
    fn without_a_success_there_is_no_time_to_show() {
        let chart = chart(&[(0, 1, 0, 0)]);
        assert_eq!(texts(&chart, "svg").len(), 1);
        assert_eq!(texts(&chart, "desc"), ["0 attempts succeeded, 0.0 %, and 1 failed in the last day."]);
    }

    #[test]
    fn without_an_attempt_there_are_words_and_no_frame() {
        let chart = chart(&[(0, 0, 0, 0); 30]);
        assert!(chart.is_empty());
        assert!(texts(&chart, "svg, table").is_empty());
        assert!(chart.render().unwrap().contains("No production event was sent in the last 30 days."));
    }
}
