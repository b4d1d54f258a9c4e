use super::*;

fn text(metrics: &Metrics) -> String {
    let pool = Connections { pool: "read", in_use: 2, idle: 3, max: 16 };
    let directory_age = Duration::from_millis(250);
    metrics.text(&Now {
        directory_accounts: 7,
        directory_clients: 5,
        directory_families: 3,
        directory_age,
        connections: vec![pool],
    })
}

fn on() -> Metrics {
    Metrics::on(Timestamp::from_seconds(1_795_504_800))
}

fn says(text: &str, line: &str) -> bool {
    text.lines().any(|one| one == line)
}

#[test]
fn every_decision_has_a_counter_of_its_own_from_the_start() {
    let metrics = on();
    let before = text(&metrics);
    for code in Code::ALL.iter().map(|code| code.as_str()).chain(["pass"]) {
        assert!(says(&before, &format!("{DECISIONS}{{code=\"{code}\"}} 0")), "{code}: {before}");
    }
    for (times, code) in Code::ALL.iter().enumerate() {
        (0..=times).for_each(|_| metrics.decided(metrics.start_timer(), Err(*code)));
    }
    metrics.decided(metrics.start_timer(), Ok(()));
    let after = text(&metrics);
    for (times, code) in Code::ALL.iter().enumerate() {
        let line = format!("{DECISIONS}{{code=\"{code}\"}} {}", times + 1);
        assert!(says(&after, &line), "{line} in {after}");
    }
    let all = (1..=Code::ALL.len()).sum::<usize>() + 1;
    assert!(says(&after, &format!("{DECISION_SECONDS}_count {all}")), "{after}");
    assert!(says(&after, &format!("{DECISIONS}{{code=\"pass\"}} 1")), "{after}");
}

#[test]
fn methods_and_statuses_have_few_labels_whatever_is_sent() {
    let metrics = on();
    for (method, status) in
        [("GET", 200), ("GET", 204), ("BREW", 405), ("get", 400), ("POST", 303), ("POST", 503)]
    {
        metrics.answered(metrics.start_timer(), method, status);
    }
    for status in [0, 101, 600, u16::MAX] {
        metrics.answered(metrics.start_timer(), "GET", status);
    }
    let text = text(&metrics);
    for (method, status, times) in [
        ("GET", "2xx", 2),
        ("other", "4xx", 2),
        ("POST", "3xx", 1),
        ("POST", "5xx", 1),
        ("GET", "5xx", 0),
        ("DELETE", "4xx", 0),
    ] {
        let line = format!("{REQUESTS}{{method=\"{method}\",status=\"{status}\"}} {times}");
        assert!(says(&text, &line), "{line} in {text}");
    }
    let series = text.lines().filter(|line| line.starts_with(&format!("{REQUESTS}{{")));
    assert_eq!(series.count(), METHODS.len() * CLASSES.len());
}

#[test]
fn every_outcome_of_an_attempt_has_a_counter_of_its_own_from_the_start() {
    let metrics = on();
    let failures = Failure::ALL.iter().map(|why| (Outcome::Failed((*why).into()), why.as_str()));
    let answers = [(204, "2xx"), (301, "3xx"), (410, "4xx"), (503, "5xx"), (999, "other")];
    let answers = answers.map(|(status, label)| (Outcome::Answered(status), label));
    for (outcome, label) in failures.chain(answers) {
        let line = |count| format!("{ATTEMPTS}{{outcome=\"{label}\"}} {count}");
        assert!(says(&text(&metrics), &line(0)), "{label}");
        metrics.attempted(outcome);
        assert!(says(&text(&metrics), &line(1)), "{label}");
    }
}

#[test]
fn what_is_read_now_is_said() {
    let metrics = on();
    metrics.queue(41, Duration::from_millis(1_500));
    let text = text(&metrics);
    for line in [
        "portico_deliveries_waiting 41",
        "portico_deliveries_behind_seconds 1.5",
        "portico_directory_accounts 7",
        "portico_directory_clients 5",
        "portico_directory_families 3",
        "portico_directory_age_seconds 0.25",
        "portico_database_connections{pool=\"read\",state=\"in_use\"} 2",
        "portico_database_connections{pool=\"read\",state=\"idle\"} 3",
        "portico_database_connections_max{pool=\"read\"} 16",
        "process_start_time_seconds 1795504800",
    ] {
        assert!(says(&text, line), "{line} in {text}");
    }
    assert!(text.contains("process_resident_memory_bytes "), "{text}");
}

#[test]
fn times_fall_into_their_buckets() {
    let metrics = on();
    let long_ago = Instant::now().checked_sub(Duration::from_secs(3_600));
    metrics.decided(long_ago, Ok(()));
    metrics.answered(long_ago, "GET", 200);
    metrics.tidy();
    let text = text(&metrics);
    for name in [DECISION_SECONDS, REQUEST_SECONDS] {
        let longest = if name == DECISION_SECONDS { "0.2" } else { "10" };
        assert!(says(&text, &format!("{name}_bucket{{le=\"{longest}\"}} 0")), "{text}");
        assert!(says(&text, &format!("{name}_bucket{{le=\"+Inf\"}} 1")), "{text}");
    }
}

#[test]
fn without_metrics_nothing_is_timed_and_nothing_said() {
    let metrics = Metrics::off();
    assert_eq!(metrics.start_timer(), None);
    metrics.decided(metrics.start_timer(), Ok(()));
    metrics.answered(metrics.start_timer(), "GET", 200);
    metrics.tidy();
    assert_eq!(text(&metrics), "");
}

#[test]
fn a_worker_has_no_series_of_judging_tokens() {
    let metrics = Metrics::of_worker(Timestamp::from_seconds(1_795_504_800));
    metrics.queue(41, Duration::from_millis(1_500));
    metrics.decided(metrics.start_timer(), Ok(()));
    let text = text(&metrics);
    for line in [
        "portico_deliveries_waiting 41",
        "portico_delivery_attempts_total{outcome=\"2xx\"} 0",
        "portico_database_connections_max{pool=\"read\"} 16",
        "process_start_time_seconds 1795504800",
    ] {
        assert!(says(&text, line), "{line} in {text}");
    }
    for name in ["portico_directory", "portico_authorize", "portico_http"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
}
