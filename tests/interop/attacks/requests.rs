//! Size, scheme, and where in the request a token stands

use serde_json::json;

use super::Attacks;
use crate::caller::{Caller, ENDPOINTS, JWT};

const SEND: &str = "Send the token in the header";

/// A token that passes, of this many bytes.
fn of_length(caller: &Caller, bytes: usize) -> String {
    // No part can have one letter more than a multiple of four, so the header gives way.
    for space in 0..4 {
        let header = format!("{JWT}{}", " ".repeat(space));
        let bare = caller.raw(&header, caller.claims(&json!({"x": ""})).to_string()).len();
        let about = bytes.saturating_sub(bare) / 4 * 3;
        for fill in about.saturating_sub(3)..=about + 3 {
            let claims = caller.claims(&json!({"x": "a".repeat(fill)}));
            let token = caller.raw(&header, claims.to_string());
            if token.len() == bytes {
                return token;
            }
        }
    }
    panic!("no token of {bytes} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_has_8_kib_and_not_a_byte_more() {
    let mut attacks = Attacks::new().await;
    for bytes in [8_190, 8_191, 8_192] {
        let token = of_length(&attacks.caller, bytes);
        attacks.passes(&format!("{bytes} bytes"), token);
    }
    for bytes in [8_193, 8_194, 16_384, 60_000] {
        let token = of_length(&attacks.caller, bytes);
        attacks.invalid(&format!("{bytes} bytes"), token, "The token is longer than 8 KiB.");
    }
    attacks.invalid("nothing but letters", "a".repeat(65_536), "The token is longer than 8 KiB.");
    // Past what a request's head may be, nobody reads on.
    for (what, line) in [
        ("one line", format!("Authorization: Bearer {}\r\n", "a".repeat(140_000))),
        ("many lines", "X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(3_000)),
    ] {
        for path in ENDPOINTS {
            let answer = attacks.caller.ask(path, line.as_bytes());
            assert!([400, 413, 431].contains(&answer.status), "{what}: {answer:?}");
        }
    }
    let good = attacks.caller.good();
    attacks.passes("and all is well", good);
    attacks.were(3 + 4 + 1 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_stands_in_one_header_of_the_scheme_bearer() {
    let mut attacks = Attacks::new().await;
    let good = attacks.caller.good();
    for line in [
        format!("Authorization: bearer {good}"),
        format!("AUTHORIZATION: BEARER {good}"),
        format!("authorization:Bearer {good}"),
        format!("Authorization: Bearer {good}  "),
        format!("Authorization: Bearer   {good}"),
    ] {
        let answer = attacks.caller.judge_lines(format!("{line}\r\n").as_bytes());
        assert_eq!(answer.status, 200, "{line}: {}", answer.body);
    }
    let basic = "Authorization: Basic YWRhOnNlY3JldA==\r\n";
    for (what, lines) in [
        ("nothing", String::new()),
        ("an empty header", String::from("Authorization:\r\n")),
        ("the scheme alone", String::from("Authorization: Bearer\r\n")),
        ("the scheme and a space", String::from("Authorization: Bearer \r\n")),
        ("Basic", basic.to_owned()),
        ("a token as Basic", format!("Authorization: Basic {good}\r\n")),
        ("a token as Digest", format!("Authorization: Digest {good}\r\n")),
        ("DPoP", format!("Authorization: DPoP {good}\r\n")),
        ("no scheme", format!("Authorization: {good}\r\n")),
        ("a longer scheme", format!("Authorization: BearerX {good}\r\n")),
        ("a colon", format!("Authorization: Bearer: {good}\r\n")),
        ("a tab", format!("Authorization: Bearer\t{good}\r\n")),
        ("another header", format!("X-Authorization: Bearer {good}\r\n")),
        ("a proxy's header", format!("Proxy-Authorization: Bearer {good}\r\n")),
        ("a cookie", format!("Cookie: token={good}; Authorization=Bearer {good}\r\n")),
    ] {
        attacks.lines_refused(what, lines.as_bytes(), "missing_token", SEND);
    }
    let line = format!("Authorization: Bearer {good}\r\n");
    for (what, lines) in [
        ("twice the same", format!("{line}{line}")),
        ("one more", format!("{line}{basic}")),
        ("one before", format!("{basic}{line}")),
        ("one in other letters", format!("{line}authorization: x\r\n")),
    ] {
        attacks.lines_refused(what, lines.as_bytes(), "invalid_token", "Send one Authorization header");
    }
    for (what, lines) in [
        ("two in a list", format!("Authorization: Bearer {good}, Bearer {good}\r\n")),
        ("two with a space", format!("Authorization: Bearer {good} {good}\r\n")),
        ("quotes", format!("Authorization: Bearer \"{good}\"\r\n")),
        ("a name before", format!("Authorization: Bearer token={good}\r\n")),
    ] {
        attacks.lines_refused(what, lines.as_bytes(), "invalid_token", "");
    }
    for path in ENDPOINTS {
        for name in ["access_token", "token", "jwt", "Authorization"] {
            let answer = attacks.caller.ask(&format!("{path}?{name}={good}"), b"");
            assert_eq!((answer.status, answer.code.as_str()), (401, "missing_token"), "{path}?{name}");
        }
    }
    attacks.were(15 + 4 + 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_no_header_may_hold_never_reach_the_judge() {
    let mut attacks = Attacks::new().await;
    let good = attacks.caller.good();
    let (start, end) = good.split_at(good.len() / 2);
    for (what, between) in [("a NUL", "\0"), ("a line folded", "\r\n "), ("a bell", "\x07"), ("DEL", "\x7f")]
    {
        let lines = format!("Authorization: Bearer {start}{between}{end}\r\n");
        attacks.malformed(what, lines.as_bytes());
    }
    attacks.malformed("a line end alone", format!("Authorization: Bearer {start}\r\n{end}\r\n").as_bytes());
    // Bytes above ASCII may stand in a header, and in no token.
    for between in [b"\xff".as_slice(), b"\xc3\xa9", b"\xef\xbb\xbf", b"\xc0\xaf"] {
        let line = [b"Authorization: Bearer ", start.as_bytes(), between, end.as_bytes(), b"\r\n"].concat();
        attacks.lines_refused("bytes above ASCII", &line, "missing_token", SEND);
    }
    attacks.passes("and all is well", good);
    attacks.were(4 + 1 + 4 + 1);
}
