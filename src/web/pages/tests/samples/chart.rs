//! The chart on a page of its own: ordinary, uneven, short, empty.

use askama::Template;

use super::signed_in;
use crate::domain::calls::{Calls, Day};
use crate::domain::delivery::health::Attempts;
use crate::domain::time::{Span, Timestamp};
use crate::web::chart::{HealthChart, RequestsChart};
use crate::web::page::Chrome;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layouts/single.html" %}{% block title %}Chart{% endblock %}{% block width %} broad{% endblock %}
{% block content %}<h1>Chart</h1><section aria-labelledby="requests"><h2 id="requests">Requests a day</h2>{{ chart }}</section>{% endblock %}"#
)]
struct ChartPage {
    chrome: Chrome,
    chart: RequestsChart,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layouts/single.html" %}{% block title %}Health{% endblock %}{% block width %} broad{% endblock %}
{% block content %}<h1>Health</h1><section aria-labelledby="health"><h2 id="health">Delivery health</h2>{{ chart }}</section>{% endblock %}"#
)]
struct HealthPage {
    chrome: Chrome,
    chart: HealthChart,
}

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let ordinary = |n: u64| (800 + n * 37 % 400 + n * 20, if n == 20 { 260 } else { n * 7 % 13 });
    let uneven = |n: u64| if n == 9 { (4_000_000_000, 12) } else { (n % 3, n % 4) };
    vec![
        ("chart", page(30, ordinary)),
        ("chart-14", page(14, ordinary)),
        ("chart-uneven", page(14, uneven)),
        ("chart-small", page(14, |n| (u64::from(n == 3), u64::from(n == 12)))),
        ("chart-refused-alone", page(14, |n| (0, n * n))),
        ("chart-empty", page(14, |_| (0, 0))),
        ("health", health(30, |n| (400 + n * 37 % 300, n * 7 % 13, 80_000 + n * 9_100 % 70_000))),
        (
            "health-uneven",
            health(30, |n| if n == 9 { (4_000_000, 12, 9_000_000) } else { (n % 3, n % 4, 400) }),
        ),
        ("health-failing", health(14, |n| (0, n, 0))),
        ("health-empty", health(30, |_| (0, 0, 0))),
    ]
}

fn page(days: u64, of: impl Fn(u64) -> (u64, u64)) -> String {
    let last = Timestamp::from_seconds(1_795_478_400);
    let count = |n: u64| {
        let ago = Span::days(i64::try_from(days - 1 - n).unwrap());
        let (allowed, refused) = of(n);
        Day { starts: last - ago, calls: Calls { allowed, refused, unnamed: 0 } }
    };
    let counts: Vec<Day> = (0..days).map(count).collect();
    ChartPage { chrome: signed_in(), chart: RequestsChart::new(&counts) }.render().unwrap()
}

/// Of each day succeeded, failed, and the mean in microseconds.
fn health(days: u64, of: impl Fn(u64) -> (u64, u64, u64)) -> String {
    let last = Timestamp::from_seconds(1_795_478_400);
    let span = |micros: u64| Span::from_micros(i64::try_from(micros).unwrap());
    let day = |n: u64| {
        let (succeeded, failed, mean) = of(n);
        let attempts = Attempts { succeeded, failed, total: span(mean * succeeded), slowest: span(mean * 7) };
        (last - Span::days(i64::try_from(days - 1 - n).unwrap()), attempts)
    };
    let days: Vec<_> = (0..days).map(day).collect();
    HealthPage { chrome: signed_in(), chart: HealthChart::new(&days) }.render().unwrap()
}
