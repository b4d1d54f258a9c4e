//! What the log must never say (S26)

use std::fs;

use reqwest::Method;

use crate::{
    program::{KEY, Program},
    support::{
        authenticator::{Authenticator, recovery_codes},
        client::Client,
    },
};

const PASSWORD: &str = "canary of the coal mine";

#[tokio::test]
async fn the_log_says_what_was_done_and_no_secret_at_any_level() {
    let program = Program::new()
        .with("PORTICO_LOG", "trace")
        .with("PORTICO_SECRET_KEY", KEY)
        .with("PORTICO_MAIL", "file:mail");
    let running = program.serve().await;
    let client = &running.client;
    let mut canaries = vec![
        (String::from("the master key"), KEY.to_owned()),
        (String::from("password"), PASSWORD.to_owned()),
    ];
    let setup = running.says("/setup?token=").await;
    let setup = setup
        .split("/setup?token=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .expect("a token")
        .to_owned();

    let fields =
        [("name", "Noor"), ("email", "noor@x.example"), ("account_name", "Noor"), ("password", PASSWORD)];
    let page = client.fill("/sign-up", "/sign-up", &fields).await;
    for cookie in page.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().expect("text");
        let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        if value.len() >= 40 {
            canaries.push((format!("the cookie {name}"), value.to_owned()));
        }
    }
    assert!(canaries.len() >= 4, "{canaries:?}");
    client.fill("/password/forgot", "/password/forgot", &[("email", "noor@x.example")]).await;
    canaries.extend(mailed(&program, client).await);

    let information =
        client.fill("/apps/new", "/apps", &[("app_type", "jwt"), ("name", "Relay")]).await.location();
    let app = information.trim_end_matches("/information").to_owned();
    let credentials = format!("{app}/credentials");
    let page = client.fill(&credentials, &format!("{credentials}/reveal"), &[]).await;
    canaries.push((String::from("the API secret"), page.texts("#secret").join("")));
    let page = client.fill(&credentials, &format!("{credentials}/token"), &[("expires_in", "1h")]).await;
    let token = page.texts("#token").join("");
    assert_eq!(client.send(client.request(Method::GET, "/api/v1/me").bearer_auth(&token)).await.status, 403);
    client.get(&format!("/api/v1/me?access_token={token}")).await;
    canaries.push((String::from("the token"), token.rsplit('.').next().unwrap_or_default().to_owned()));
    client.fill(&credentials, &format!("{credentials}/regenerate"), &[("keep_old_for", "1h")]).await;
    let page = client.fill(&credentials, &format!("{credentials}/reveal"), &[]).await;
    canaries.push((String::from("the new API secret"), page.texts("#secret").join("")));
    let form = client.visit(&format!("{app}/subscriptions/new")).await.form(&format!("{app}/subscriptions"));
    canaries.push((String::from("a form's value"), form.value("csrf").expect("a value").to_owned()));
    let form = form.with("production_url", "https://hooks.example.com/").with("event_types", "user.created");
    let editor = client.submit(&form).await.location();
    let page = client.fill(&editor, &format!("{editor}/reveal"), &[]).await;
    canaries.push((String::from("the signing secret"), page.texts("#whsec").join("")));
    canaries.extend(two_steps(client).await);
    let wrong = [("email", "noor@x.example"), ("password", "wrong wrong wrong")];
    Client::new(client.base()).fill("/sign-in", "/sign-in", &wrong).await;

    let (code, log) = running.stop("-TERM").await;
    assert_eq!(code, Some(0));
    assert!(log.contains("answered") && log.contains("/credentials/reveal"), "{log}");
    // The one that makes an admin is printed for the operator, once.
    assert_eq!(log.matches(&setup).count(), 1, "the setup link is printed once");
    for (what, canary) in canaries {
        assert!(canary.len() >= 12, "{what}: {canary}");
        let line = log.lines().find(|line| line.contains(&canary));
        assert!(line.is_none(), "{what} is in the log: {}", line.unwrap_or_default());
    }
}

/// Turns two-step sign-in on, and signs in by it elsewhere; gives what nobody else may know.
async fn two_steps(client: &Client) -> Vec<(String, String)> {
    let page = client.visit("/settings/two-step").await;
    let secret = page.texts("#secret").join("");
    let app = Authenticator::told(&secret);
    let form = page.form("/settings/two-step").with("password", PASSWORD);
    let codes = recovery_codes(&client.submit(&form.with("code", &app.code_now())).await);
    let door = Client::new(client.base());
    let fields = [("email", "noor@x.example"), ("password", PASSWORD)];
    assert_eq!(door.fill("/sign-in", "/sign-in", &fields).await.location(), "/sign-in/code");
    let page = door.fill("/sign-in/code", "/sign-in/code", &[("code", &codes[0])]).await;
    assert_eq!(page.location(), "/apps");
    let bare = secret.replace(' ', "");
    let mut canaries = vec![(String::from("the secret of two steps"), secret)];
    canaries.push((String::from("the same without spaces"), bare));
    for code in codes {
        canaries.push((String::from("a recovery code, as it is hashed"), code.replace('-', "")));
        canaries.push((String::from("a recovery code"), code));
    }
    assert_eq!(canaries.len(), 22);
    canaries
}

/// Waits for both letters, opens what they link to, and gives the tokens in them.
async fn mailed(program: &Program, client: &Client) -> Vec<(String, String)> {
    let folder = program.path("mail");
    for _ in 0..200 {
        if fs::read_dir(&folder).is_ok_and(|letters| letters.count() >= 2) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut tokens = Vec::new();
    for letter in fs::read_dir(&folder).expect("a folder") {
        let letter = fs::read_to_string(letter.expect("a letter").path()).expect("text");
        let link = letter.split_whitespace().find(|word| word.contains("token=")).expect("a link").to_owned();
        let path = link.trim_start_matches(client.base()).to_owned();
        client.visit(&path).await;
        tokens
            .push((String::from("a mailed link"), path.split_once("token=").expect("a token").1.to_owned()));
    }
    assert_eq!(tokens.len(), 2);
    tokens
}
