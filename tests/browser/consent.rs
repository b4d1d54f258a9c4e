//! Letting an app in, as a person meets it: allowed, denied, remembered, taken back, and never in
//! somebody else's frame. The app's own page is served here, on the loopback address.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use thirtyfour::By;

use crate::{
    accessibility::look_over,
    browser::{Look, Script},
    person::{Hands, Person},
    support::{
        databases::{Kind, on_both},
        oauth::{OauthApp, Proof, tokens},
        site::Portal,
        world::PASSWORD,
    },
};

on_both!(an_app_is_let_in_and_remembered);

async fn an_app_is_let_in_and_remembered(kind: Kind) {
    walk(kind, Look::default(), Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_let_in_without_script() {
    walk(Kind::Sqlite, Look { script: Script::Off, ..Look::default() }, Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_let_in_by_keyboard_alone() {
    walk(Kind::Sqlite, Look::default(), Hands::Keyboard).await;
}

/// A portal with an app and somebody whom it asks.
async fn scene(kind: Kind) -> (Portal, OauthApp) {
    let portal = Portal::new(kind).await;
    let maker = portal.world.user("maker@atlas.example").await;
    let atlas = portal.world.oauth_app(&maker, "Atlas", "meeting:read user:read").await;
    portal.world.user("ada@meridian.example").await;
    (portal, atlas)
}

async fn walk(kind: Kind, look: Look, hands: Hands) {
    let (portal, atlas) = scene(kind).await;
    let app = serve(String::from("<h1>Back at Atlas</h1>"));
    let callback = format!("{app}/callback");
    let proof = Proof::new("a");
    let asking = |scope| atlas.asking(&proof, &[("redirect_uri", &callback), ("scope", scope)]);
    let ada = Person::new(&portal, look, hands).await;
    ada.browser.visit(&asking("meeting:read")).await;
    ada.fill("Email", "ada@meridian.example").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Sign in").await;
    ada.browser.sees("Allow Atlas?").await;
    ada.press("Don’t allow").await;
    ada.browser.sees("Back at Atlas").await;
    assert_eq!(answer(&ada).await["error"], "access_denied");
    ada.browser.visit(&asking("meeting:read")).await;
    ada.press("Allow").await;
    ada.browser.sees("Back at Atlas").await;
    let code = answer(&ada).await["code"].clone();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", callback.as_str()),
        ("code_verifier", proof.verifier.as_str()),
    ];
    tokens(&atlas.token(&portal.client(), &fields).await);
    // Asked the same again, nobody is asked anything.
    ada.browser.visit(&asking("meeting:read")).await;
    ada.browser.sees("Back at Atlas").await;
    assert!(answer(&ada).await.contains_key("code"));
    ada.browser.visit("/settings").await;
    ada.follow("See authorised apps").await;
    ada.browser.sees("See meetings: when they are").await;
    ada.press("Revoke Atlas for ada@meridian.example").await;
    ada.browser.sees("The app is authorised no more.").await;
    ada.browser.visit(&asking("meeting:read")).await;
    ada.browser.sees("Allow Atlas?").await;
    ada.browser.close().await;
}

/// What the app is told in the address of its own page.
async fn answer(person: &Person) -> BTreeMap<String, String> {
    let url = person.browser.driver().current_url().await.expect("a URL");
    url.query_pairs().into_owned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_pages_are_for_everybody() {
    let (portal, atlas) = scene(Kind::Sqlite).await;
    let ada = Person::new(&portal, Look::default(), Hands::Mouse).await;
    ada.browser.visit(&atlas.asking(&Proof::new("a"), &[])).await;
    ada.fill("Email", "ada@meridian.example").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Sign in").await;
    look_over(&ada.browser).await;
    ada.browser.visit("/settings/authorizations").await;
    look_over(&ada.browser).await;
    ada.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_others_frames_the_question() {
    let (portal, atlas) = scene(Kind::Sqlite).await;
    let question = format!("{}{}", portal.site.url, atlas.asking(&Proof::new("a"), &[]));
    let frame = format!("<h1>A prize</h1><iframe src=\"{}\"></iframe>", question.replace('&', "&amp;"));
    let elsewhere = serve(frame);
    let ada = Person::new(&portal, Look::default(), Hands::Mouse).await;
    ada.browser.visit("/sign-in").await;
    ada.fill("Email", "ada@meridian.example").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Sign in").await;
    let driver = ada.browser.driver();
    driver.goto(format!("{elsewhere}/prize").as_str()).await.expect("the page opens");
    let frame = driver.find(By::Css("iframe")).await.expect("a frame");
    frame.enter_frame().await.expect("it has a document");
    let buttons = driver.find_all(By::Css("button")).await.expect("an answer");
    assert!(buttons.is_empty(), "nothing of the question is in it");
    let text = driver.find(By::Css("body")).await.expect("a body").text().await.expect("text");
    assert!(!text.contains("Allow Atlas?"), "{text}");
}

/// A server that answers every request with this page; its address.
fn serve(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let Ok(reading) = stream.try_clone() else { continue };
            let head = BufReader::new(reading).lines().map_while(Result::ok);
            head.take_while(|line| !line.is_empty()).for_each(drop);
            let length = page.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(format!("{head}{page}").as_bytes());
        }
    });
    format!("http://{address}")
}
