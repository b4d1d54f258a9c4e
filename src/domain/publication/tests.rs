use super::*;

const ACCOUNT: &str = "acc_00000000000000000000000000";

fn event(more: &str) -> String {
    format!(r#"{{"type":"meeting.started","account":"{ACCOUNT}","data":{{"n":1.10}}{more}}}"#)
}

fn parse(body: &[u8]) -> Result<Vec<NewEvent>, Unpublishable> {
    super::parse(Weighed::new(body)?)
}

fn refused(body: &str) -> String {
    parse(body.as_bytes()).expect_err(body).to_string()
}

#[test]
fn one_event_or_an_array_of_them_is_read() {
    let one = parse(event("").as_bytes()).unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].environment, Environment::Production);
    let many =
        parse(format!(" [{}, {}]", event(""), event(r#","environment":"development""#)).as_bytes()).unwrap();
    assert_eq!(many.len(), 2);
    assert_eq!(many[1].environment, Environment::Development);
}

#[test]
fn data_is_kept_to_the_byte() {
    let [event] = parse(event("").as_bytes()).unwrap().try_into().unwrap();
    assert_eq!(event.data, r#"{"n":1.10}"#);
    let at = Timestamp::from_micros(1_795_504_800_000_001);
    let id: EventId = "evt_00000000000000000000000000".parse().unwrap();
    let body = event.body(id, ACCOUNT.parse().unwrap(), at);
    assert_eq!(
        body,
        format!(
            r#"{{"type":"meeting.started","timestamp":"{}","event_id":"evt_00000000000000000000000000","account":"{ACCOUNT}","data":{{"n":1.10}}}}"#,
            at.exact()
        )
    );
    assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok());
}

#[test]
fn a_refusal_names_the_event_the_member_and_what_would_be_right() {
    let second = |event: String| format!("[{},{event}]", self::event(""));
    for (body, said) in [
        (String::from("{"), "The body is not JSON: EOF while parsing"),
        (String::from("[]"), "Send 1 to 100 events in one request; this one has 0."),
        (format!("[{}]", vec![event(""); 101].join(",")), "this one has 101."),
        (second(String::from("{}")), "[1].type is missing."),
        (second(String::from("7")), "event [1] must be an object."),
        (event(r#","environment":"staging""#), r#"environment must be "production" or "development"."#),
        (
            event(r#","occurred_at":"yesterday""#),
            "occurred_at must be a time such as 2026-11-24T07:20:00Z (RFC 3339).",
        ),
        (event(r#","id":"""#), "id must be 1 to 255 characters of printable ASCII."),
        (
            event(r#","account_external_id":"x""#),
            "account_external_id stands beside account; send one of the two.",
        ),
        (event("").replace(ACCOUNT, "app_1"), "account must be an account's id (acc_…)."),
        (
            event("").replace("meeting.started", "Meeting"),
            "type names no event type of the catalog: Meeting.",
        ),
        (event("").replace(r#"{"n":1.10}"#, "[]"), "data must be an object."),
        (event(r#","type":"meeting.ended""#), "the event is not as it should be: duplicate field"),
        (String::from("null"), "the event must be an object."),
    ] {
        assert!(refused(&body).contains(said), "{} does not say {said:?}", refused(&body));
    }
}

#[test]
fn sizes_are_judged_before_all_else() {
    let large = format!(r#"{{"type":7,"data":{{"text":"{}"}}}}"#, "x".repeat(MAX_EVENT_BYTES));
    assert!(matches!(parse(large.as_bytes()), Err(Unpublishable::EventTooLarge { which: Place::Only, .. })));
    let many = format!("[{}{large}]", "{},".repeat(200));
    assert!(matches!(
        parse(many.as_bytes()),
        Err(Unpublishable::EventTooLarge { which: Place::At(200), .. })
    ));
    let broken = format!("[{large},");
    assert!(matches!(
        parse(broken.as_bytes()),
        Err(Unpublishable::EventTooLarge { which: Place::At(0), .. })
    ));
    let largest = event(&" ".repeat(MAX_EVENT_BYTES - event("").len()));
    assert_eq!((largest.len(), parse(largest.as_bytes()).is_ok()), (MAX_EVENT_BYTES, true));
}

#[test]
fn times_of_any_zone_are_read() {
    let [event] = parse(event(r#","occurred_at":"2026-11-24T08:20:00.5+01:00""#).as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(event.occurred_at.unwrap().exact(), "2026-11-24T07:20:00.500000Z");
}

#[test]
fn what_receivers_would_stumble_over_is_refused() {
    let with =
        |data: &str| format!(r#"{{"type":"meeting.started","account":"{ACCOUNT}","data":{{"a":{data}}}}}"#);
    let nested = |levels: usize| with(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    assert!(parse(nested(63).as_bytes()).is_ok());
    for levels in [64, 100_000] {
        assert!(refused(&nested(levels)).contains("64 levels"));
    }
    assert!(refused(&with(r#""\ud800""#)).contains("half a character"));
    let misspelt = event(r#","enviroment":"development""#);
    assert!(refused(&misspelt).contains("unknown field `enviroment`"), "{}", refused(&misspelt));
}
