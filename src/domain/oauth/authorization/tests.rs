use super::*;

const CLIENT: &str = "cid_0123456789abcdefghijkl";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ISSUER: &str = "https://portico.example";

fn registered(uris: &[&str]) -> RedirectUris {
    uris.iter().map(|uri| uri.parse().unwrap()).collect()
}

/// A request that is right, with some of it changed; a value of `-` leaves one out.
fn asked(changes: &[(&str, &str)]) -> Parameters {
    let right = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://app.example/cb"),
        ("scope", "user:read"),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = right.iter().filter(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    Parameters::of(kept.chain(changes.iter().filter(|(_, value)| *value != "-")).copied())
}

fn judged(changes: &[(&str, &str)]) -> Result<Asked, &'static str> {
    let of_app = "meeting:read user:read".parse().unwrap();
    asked(changes).judge(&of_app).map_err(|refusal| refusal.error.as_str())
}

#[test]
fn who_asks_is_said_once() {
    assert_eq!(asked(&[]).client().unwrap().to_string(), CLIENT);
    assert_eq!(asked(&[("client_id", "-")]).client(), Err(Unproven::NoClient));
    assert_eq!(asked(&[("client_id", "")]).client(), Err(Unproven::NoClient));
    assert_eq!(asked(&[("client_id", "x")]).client(), Err(Unproven::UnknownClient));
    let twice = asked(&[("client_id", CLIENT), ("client_id", CLIENT)]);
    assert_eq!(twice.client(), Err(Unproven::RepeatedClient));
}

#[test]
fn answers_go_to_registered_addresses_alone() {
    let one = registered(&["https://app.example/cb"]);
    let two = registered(&["https://app.example/cb", "http://127.0.0.1/cb"]);
    let to = |uri: &str, of: &RedirectUris| {
        asked(&[("redirect_uri", uri)]).redirection(of).map(|to| (to.uri.as_str().to_owned(), to.is_named))
    };
    let app = String::from("https://app.example/cb");
    assert_eq!(to("https://app.example/cb", &two), Ok((app.clone(), true)));
    assert_eq!(to("-", &one), Ok((app, false)));
    assert_eq!(to("-", &two), Err(Unproven::NoRedirectUri));
    assert_eq!(to("-", &registered(&[])), Err(Unproven::NoRedirectUri));
    assert_eq!(to("http://127.0.0.1:49152/cb", &two), Ok((String::from("http://127.0.0.1:49152/cb"), true)));
    for wrong in [
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example/CB",
        "https://app.example:8443/cb",
        "https://app.example.evil.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example/x/../cb",
        "http://app.example/cb",
        "http://127.0.0.1:49152/other",
        "http://localhost:49152/cb",
        "//app.example/cb",
        "javascript:alert(1)",
    ] {
        assert_eq!(to(wrong, &two), Err(Unproven::UnregisteredRedirectUri), "{wrong}");
    }
    let twice =
        asked(&[("redirect_uri", "https://app.example/cb"), ("redirect_uri", "https://app.example/cb")]);
    assert_eq!(twice.redirection(&two), Err(Unproven::RepeatedRedirectUri));
}

#[test]
fn every_other_mistake_has_its_code() {
    assert!(judged(&[]).is_ok());
    for (changes, error) in [
        (&[("response_type", "-")][..], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code token")], "unsupported_response_type"),
        (&[("response_type", "code"), ("response_type", "code")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("response_mode", "form_post")], "invalid_request"),
        (&[("request", "eyJ.e30.")], "request_not_supported"),
        (&[("code_challenge", "-")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("code_challenge_method", "-")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "s256")], "invalid_request"),
        (&[("scope", "unknown:read")], "invalid_scope"),
        (&[("scope", "user:write")], "invalid_scope"),
        (&[("scope", "user:read\"")], "invalid_scope"),
        (&[("state", "a"), ("state", "b")], "invalid_request"),
        (&[("state", "\u{e9}")], "invalid_request"),
        (&[("state", &"a".repeat(MAX_STATE_BYTES + 1))], "invalid_request"),
    ] {
        assert_eq!(judged(changes).map(|_| ()), Err(error), "{changes:?}");
    }
    assert!(judged(&[("state", &"a".repeat(MAX_STATE_BYTES))]).is_ok());
    assert!(judged(&[("response_mode", "query"), ("prompt", "x"), ("prompt", "y")]).is_ok());
}

#[test]
fn without_a_scope_all_of_the_app_are_meant() {
    let scopes = |changes| judged(changes).unwrap().scopes.to_string();
    assert_eq!(scopes(&[("scope", "-")]), "meeting:read user:read");
    assert_eq!(scopes(&[("scope", "user:read")]), "user:read");
    assert_eq!(scopes(&[("scope", "user:read meeting:read")]), "meeting:read user:read");
}

#[test]
fn an_answer_keeps_the_query_of_its_address_and_says_who_gave_it() {
    let to = |uri: &str, state: &str| {
        asked(&[("redirect_uri", uri), ("state", state)]).redirection(&registered(&[uri])).unwrap()
    };
    assert_eq!(
        to("https://app.example/cb", "a b&c").allowed("ac_1", ISSUER),
        "https://app.example/cb?code=ac_1&state=a+b%26c&iss=https%3A%2F%2Fportico.example"
    );
    assert_eq!(
        to("https://app.example/cb?tenant=7", "-").allowed("ac_1", ISSUER),
        "https://app.example/cb?tenant=7&code=ac_1&iss=https%3A%2F%2Fportico.example"
    );
    let refused = to("https://app.example/cb", "\u{e9}").refused(&Refusal::DENIED, ISSUER);
    assert_eq!(
        refused,
        "https://app.example/cb?error=access_denied&error_description=The+user+did+not+allow+the+app.&iss=https%3A%2F%2Fportico.example"
    );
}

#[test]
fn a_page_may_post_on_to_the_origin_of_the_address() {
    let source = |uri: &str| {
        let to = asked(&[("redirect_uri", uri)]).redirection(&registered(&[uri])).unwrap();
        (to.source(), to.host())
    };
    let pair = |source: &str, host: &str| (source.to_owned(), host.to_owned());
    assert_eq!(source("https://app.example/cb"), pair("https://app.example", "app.example"));
    assert_eq!(source("https://app.example:8443/cb"), pair("https://app.example:8443", "app.example:8443"));
    assert_eq!(source("http://127.0.0.1:7777/cb"), pair("http://127.0.0.1:7777", "127.0.0.1:7777"));
    assert_eq!(source("http://[::1]:7777/cb"), pair("http:", "[::1]:7777"));
}

#[test]
fn a_request_that_was_sent_ahead_is_referred_to() {
    let uri = |uri: &str| asked(&[("request_uri", uri)]).request_uri();
    let ours = RequestUri::new("abc");
    assert_eq!(uri(&ours.to_string()), Ok(Some(ours)));
    assert_eq!(uri("-"), Ok(None));
    assert_eq!(uri("https://evil.example/request"), Err(Unproven::RequestUriForeign));
}

#[test]
fn parameters_are_read_as_they_were_written() {
    let parameters = asked(&[("state", "a b&c=d%"), ("nonsense", "x")]);
    assert_eq!(Parameters::parse(&parameters.encoded()), parameters);
    assert!(!parameters.encoded().contains("nonsense"));
}

#[test]
fn descriptions_hold_only_what_a_client_can_read() {
    for changes in [
        ("response_type", "-"),
        ("code_challenge", "-"),
        ("scope", "x:y"),
        ("scope", "openid"),
        ("request", "x"),
    ] {
        let description = asked(&[changes]).judge(&ScopeSet::default()).unwrap_err().description;
        let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{description}");
    }
}
