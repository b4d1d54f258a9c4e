//! The browser helpers against pages made for them: that they do what they say, and that the
//! checks find what they are for. A check that cannot fail proves nothing about the portal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use thirtyfour::Key;

use crate::browser::{Browser, Look, Scheme, Script};

const PHONE: Look = Look { width: 360, height: 800, scheme: Scheme::Light, script: Script::On };

#[tokio::test]
async fn a_form_is_filled_in_by_its_words() {
    walk(Script::On).await;
}

#[tokio::test]
async fn a_form_is_filled_in_without_script() {
    walk(Script::Off).await;
}

async fn walk(script: Script) {
    let icon = tempfile::NamedTempFile::with_suffix(".png").expect("a file");
    let look = Look { script, ..Look::default() };
    let browser = Browser::open(&serve(), look).await;
    browser.visit("/form").await;
    let ran = match script {
        Script::On => "script ran",
        Script::Off => "no script",
    };
    assert_eq!(browser.text_of("#script").await, ran);
    browser.fill("App name", "to be replaced").await;
    browser.fill("App name", "Relay").await;
    browser.fill("email", "ada@example.com").await;
    browser.select("Kind", "Webhook").await;
    browser.attach("Icon", icon.path()).await;
    browser.press_here("More").await;
    browser.tick("I agree").await;
    browser.tick("I agree").await;
    browser.press("Create").await;
    assert_eq!(browser.path().await, "/done");
    browser.sees("name=Relay&email=ada%40example.com&kind=webhook").await;
    assert!(browser.text_of("h1").await.ends_with("&agree=yes"));
    browser.follow("Back").await;
    assert_eq!(browser.path().await, "/form?again");
    assert_eq!(browser.title().await, "A form");
    assert!(browser.has("form").await && !browser.has("h2").await);
    browser.close().await;
}

#[tokio::test]
async fn a_form_is_filled_in_by_keyboard_alone() {
    let browser = Browser::open(&serve(), Look::default()).await;
    browser.visit("/form").await;
    browser.tab_to("App name").await;
    browser.keys("Relay").await;
    browser.tab_to("More").await;
    browser.keys(Key::Enter).await;
    browser.tab_to("I agree").await;
    browser.keys(" ").await;
    browser.tab_to("Create").await;
    assert_eq!(browser.focused().await, "Create");
    browser.enter().await;
    browser.sees("name=Relay&email=&kind=jwt").await;
    browser.sees("agree=yes").await;
    browser.close().await;
}

#[tokio::test]
async fn what_the_policy_refuses_is_a_complaint_and_a_refused_page_is_not() {
    let browser = Browser::open(&serve(), Look::default()).await;
    browser.visit("/refused").await;
    browser.assert_quiet_console().await;

    browser.visit("/hostile").await;
    let complaints = browser.complaints().await.join("\n");
    for expected in ["script-src", "style-src", "/gone.css"] {
        assert!(complaints.contains(expected), "{expected} in {complaints}");
    }
    browser.assert_quiet_console().await;

    browser.visit("/hostile").await;
    assert_fails(async move { browser.close().await }).await;
}

#[tokio::test]
async fn axe_runs_under_a_strict_policy_and_finds_faults() {
    let browser = Browser::open(&serve(), Look::default()).await;
    browser.visit("/form").await;
    browser.assert_accessible().await;

    browser.visit("/inaccessible").await;
    let findings = browser.axe().await.join("\n");
    assert!(findings.contains("image-alt"), "{findings}");
    assert!(findings.contains("label"), "{findings}");
    assert_fails(async move { browser.assert_accessible().await }).await;
}

#[tokio::test]
async fn a_page_wider_than_a_phone_is_found() {
    let browser = Browser::open(&serve(), PHONE).await;
    browser.visit("/form").await;
    browser.assert_no_overflow().await;
    browser.visit("/wide").await;
    browser.appear(1280, 800, Scheme::Light).await;
    browser.assert_no_overflow().await;
    browser.appear(360, 800, Scheme::Light).await;
    assert_fails(async move { browser.assert_no_overflow().await }).await;
}

#[tokio::test]
async fn pages_learn_of_the_scheme_and_are_photographed_whole() {
    let browser = Browser::open(&serve(), PHONE).await;
    browser.visit("/wide").await;
    assert_eq!(browser.text_of("p").await, "light");
    browser.appear(360, 800, Scheme::Dark).await;
    assert_eq!(browser.text_of("p").await, "dark");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.png");
    browser.screenshot(&file).await;
    let (width, height) = image::image_dimensions(&file).expect("a PNG");
    assert!(width > 800 && height > 2000, "{width} by {height} px");
    browser.close().await;
}

/// Fails if the work does not.
async fn assert_fails(work: impl Future<Output = ()> + Send + 'static) {
    assert!(tokio::spawn(work).await.is_err(), "nothing failed");
}

const FORM: &str = r#"<title>A form</title><main><h1>New app</h1><p id="script">no script</p>
    <form method="post" action="/done">
    <p><label for="name">App
        name</label> <input id="name" name="name">
    <p><label>Address <input name="email"></label>
    <p><label for="kind">Kind</label>
        <select id="kind" name="kind"><option value="jwt">JWT<option value="webhook">Webhook</select>
    <p><label for="icon">Icon</label> <input id="icon" type="file" name="icon">
    <details><summary>More</summary>
        <label><input type="checkbox" name="agree" value="yes"> I agree</label></details>
    <p><button hidden>Create</button> <button>Create</button></form></main>
    <script src="/script.js"></script>"#;

const HOSTILE: &str = r#"<title>Hostile</title><p style="color: red">
    <script>document.title = "ran"</script><link rel="stylesheet" href="/gone.css">"#;

const INACCESSIBLE: &str = r#"<title>Bad</title><main><h1>Bad</h1><img src="/icon.png"><input>"#;

const WIDE: &str = r#"<title>Wide</title><link rel="stylesheet" href="/wide.css"><p>
    <i>light</i><b>dark</b>"#;

const WIDE_CSS: &str = "p { width: 800px; height: 2000px } b { display: none }
    @media (prefers-color-scheme: dark) { b { display: inline } i { display: none } }";

/// Serves the pages above until the process ends; returns the address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    format!("http://{address}/")
}

/// One request a connection, which is all a browser asks for.
fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    reader.read_line(&mut request)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut sent = vec![0; length];
    reader.read_exact(&mut sent)?;
    let sent = String::from_utf8_lossy(&sent).replace("icon=&", "").replace("icon=", "");
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, kind, body) = match path.split('?').next().unwrap_or_default() {
        "/form" => ("200 OK", "text/html", FORM.to_owned()),
        "/done" => {
            let back = r#"<p><a href="/form?again">Back</a>"#;
            ("200 OK", "text/html", format!("<title>Done</title><h1>{sent}</h1>{back}"))
        }
        "/refused" => ("422 Unprocessable Content", "text/html", FORM.to_owned()),
        "/hostile" => ("200 OK", "text/html", HOSTILE.to_owned()),
        "/inaccessible" => ("200 OK", "text/html", INACCESSIBLE.to_owned()),
        "/wide" => ("200 OK", "text/html", WIDE.to_owned()),
        "/wide.css" => ("200 OK", "text/css", WIDE_CSS.to_owned()),
        "/script.js" => {
            let script = "document.getElementById('script').textContent = 'script ran'";
            ("200 OK", "text/javascript", script.to_owned())
        }
        "/favicon.ico" | "/icon.png" => ("204 No Content", "image/png", String::new()),
        _ => ("404 Not Found", "text/plain", String::new()),
    };
    let html = if kind == "text/html" { "<!doctype html><html lang=en>" } else { "" };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nConnection: close\r\n\
         Content-Security-Policy: default-src 'self'\r\nContent-Length: {}\r\n\r\n{html}{body}",
        html.len() + body.len()
    )
}
