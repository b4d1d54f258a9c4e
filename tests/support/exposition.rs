//! Reads what `/metrics` answers, as strictly as the format is written (Prometheus text
//! exposition format 0.0.4).

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::collections::{BTreeMap, BTreeSet};

/// Families by name, and samples by name and labels as written: `a_total{code="pass"}`.
#[derive(Debug, Default)]
pub struct Exposition {
    pub families: BTreeMap<String, Family>,
    pub samples: BTreeMap<String, f64>,
}

#[derive(Debug, Default)]
pub struct Family {
    pub help: String,
    pub kind: String,
}

impl Exposition {
    /// Every line is one of the format, every sample belongs to the family above it, which has
    /// HELP and TYPE, and nothing is said twice.
    pub fn parse(text: &str) -> Self {
        let mut read = Self::default();
        let mut current = String::new();
        assert!(text.ends_with('\n'), "the last line is ended");
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(!help.trim().is_empty() && is_name(name), "{line}");
                let family = Family { help: help.to_owned(), ..Family::default() };
                assert!(read.families.insert(name.to_owned(), family).is_none(), "twice: {line}");
                current = name.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(name, current, "TYPE follows its HELP");
                let family = read.families.get_mut(name).expect("HELP came first");
                assert!(family.kind.is_empty(), "twice: {line}");
                family.kind = kind.to_owned();
            } else {
                read.sample(&current, line);
            }
        }
        read.histograms_add_up();
        read
    }

    fn sample(&mut self, family: &str, line: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let (name, labels) = series.split_once('{').map_or((series, None), |(name, rest)| {
            (name, Some(rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}"))))
        });
        let suffixes: &[&str] = match self.families[family].kind.as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            "counter" | "gauge" => &[""],
            kind => panic!("{kind:?} before {line}"),
        };
        let belongs = name.strip_prefix(family).is_some_and(|rest| suffixes.contains(&rest));
        assert!(belongs, "{line} stands under {family}");
        for label in labels.into_iter().flat_map(|labels| labels.split(',')) {
            let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            let value = value.strip_suffix('"').unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(name) && !value.contains(['"', '\\', '{']), "{line}");
        }
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(value.is_finite() && value >= 0.0, "{line}");
        assert!(self.samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
    }

    fn histograms_add_up(&self) {
        for (name, _) in self.families.iter().filter(|(_, family)| family.kind == "histogram") {
            let prefix = format!("{name}_bucket{{le=\"");
            let bound = |series: &str| {
                let bound = series.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix("\"}"));
                bound.map(
                    |bound| if bound == "+Inf" { f64::INFINITY } else { bound.parse().expect("a number") },
                )
            };
            let mut buckets: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter_map(|(series, count)| bound(series).map(|bound| (bound, *count)))
                .collect();
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}: {buckets:?}");
            let last = buckets.last().unwrap_or_else(|| panic!("{name} has buckets"));
            assert_eq!(*last, (f64::INFINITY, self.value(&format!("{name}_count"))), "{name}");
        }
    }

    /// The value of one series.
    pub fn value(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.samples.keys()))
    }

    /// What has moved in the counters of a family, by the labels as written.
    pub fn since(&self, before: &Self, family: &str) -> BTreeMap<String, f64> {
        let prefix = format!("{family}{{");
        let moved = self.samples.iter().filter_map(|(series, now)| {
            let labels = series.strip_prefix(&prefix)?.strip_suffix('}')?;
            let then = before.samples.get(series).copied().unwrap_or_default();
            (*now != then).then(|| (labels.to_owned(), now - then))
        });
        moved.collect()
    }

    /// Every value of a label, in any series.
    pub fn labels(&self) -> BTreeSet<String> {
        let parts = self.samples.keys().flat_map(|series| series.split('"').skip(1).step_by(2));
        parts.map(str::to_owned).collect()
    }
}

/// Of a metric or a label.
fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
