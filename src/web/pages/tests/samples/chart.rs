//! The chart on a page of its own: ordinary, uneven, short, empty.

use askama::Template;

use super::signed_in;
use crate::domain::calls::{Calls, Day};
use crate::domain::time::{Span, Timestamp};
use crate::web::chart::RequestsChart;
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
