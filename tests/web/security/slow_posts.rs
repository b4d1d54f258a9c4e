//! Posts whose bytes come slowly: what counts is who sends them when the last one comes (S15)

use portico::domain::{account::Role, time::Span};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, sleep, timeout},
};

use crate::{
    apps::{Flow, at},
    support::{
        client::Client,
        databases::{Kind, on_both},
        site::Portal,
        world::{PASSWORD, Person},
    },
};

on_both!(
    whoever_lost_the_right_while_a_form_came_does_nothing,
    whoever_lost_the_right_while_an_upload_came_does_nothing,
    an_admin_who_was_demoted_while_a_form_came_does_nothing,
    whoever_kept_the_right_is_only_slow,
);

/// A browser whose cookies can be read, so that its requests can be written by hand.
struct Browser {
    client: Client,
    cookies: String,
    csrf: String,
}

impl Browser {
    async fn of(portal: &Portal, person: &Person) -> Self {
        let client = portal.client();
        let fields = [("email", person.email.as_str()), ("password", PASSWORD)];
        let page = client.fill("/sign-in", "/sign-in", &fields).await;
        let set = page.headers.get_all("set-cookie").iter();
        let set = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookies = set.collect::<Vec<_>>().join("; ");
        let csrf = client.visit("/docs").await.attribute("input[name=csrf]", "value").expect("a value");
        Self { client, cookies, csrf }
    }

    /// A form of which all but the last byte has been sent, and its sender been let through.
    async fn begin(&self, portal: &Portal, path: &str, fields: &[(&str, &str)]) -> SlowPost {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.append_pair("csrf", &self.csrf).extend_pairs(fields).finish();
        self.post(portal, path, "application/x-www-form-urlencoded", &body).await
    }

    async fn begin_upload(&self, portal: &Portal, path: &str, fields: &[(&str, &str)]) -> SlowPost {
        let all = [&[("csrf", self.csrf.as_str())], fields].concat();
        let part = |(name, value): &(&str, &str)| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = all.iter().map(part).collect::<String>() + "--b--\r\n";
        self.post(portal, path, "multipart/form-data; boundary=b", &body).await
    }

    async fn post(&self, portal: &Portal, path: &str, content_type: &str, body: &str) -> SlowPost {
        let host = portal.site.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.expect("the server listens");
        let (cookies, length) = (&self.cookies, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncookie: {cookies}\r\n\
             content-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        );
        // That a session was used is written down by the look that lets its user through.
        portal.world.clock.advance(Span::minutes(6));
        let now = portal.world.ctx.now().micros();
        let (sent, last) = body.split_at(body.len() - 1);
        stream.write_all(format!("{head}{sent}").as_bytes()).await.expect("it is sent");
        let seen = format!("select 'seen' from sessions where seen_at = {now}");
        let looked = async {
            while portal.world.database.texts(&seen).await.is_empty() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(60), looked).await.expect("the request is looked at");
        // The rest of the look takes less than a page.
        self.client.visit("/docs").await;
        SlowPost { stream, last: last.to_owned() }
    }
}

struct SlowPost {
    stream: TcpStream,
    last: String,
}

impl SlowPost {
    /// Sends the last byte; gives the status and the answer.
    async fn end(mut self) -> (u16, String) {
        self.stream.write_all(self.last.as_bytes()).await.expect("it is sent");
        let mut answer = Vec::new();
        let read = self.stream.read_to_end(&mut answer);
        timeout(Duration::from_secs(60), read).await.expect("an answer").expect("all of it");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), answer)
    }
}

/// How a developer loses the right to post, and what the post then comes to.
const LOSSES: &[(&str, u16)] = &[
    ("delete from memberships where user_id = {user}", 404),
    ("update memberships set role = 'viewer' where user_id = {user}", 404),
    ("delete from sessions where user_id = {user}", 303),
    ("update users set disabled_at = 1 where id = {user}", 303),
];

async fn developer(flow: &Flow, number: usize) -> Person {
    flow.portal.world.colleague(&format!("dev{number}@meridian.example"), &flow.ada).await
}

async fn whoever_lost_the_right_while_a_form_came_does_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let database = &flow.portal.world.database;
    for (number, (loss, expected)) in LOSSES.iter().enumerate() {
        let dev = developer(&flow, number).await;
        let browser = Browser::of(&flow.portal, &dev).await;
        let post = browser.begin(&flow.portal, &at(&app, "/credentials/reveal"), &[]).await;
        database.run(&loss.replace("{user}", &database.literal(&dev.id))).await;
        let before = database.dump().await;
        let (status, answer) = post.end().await;
        assert_eq!(status, *expected, "{loss}: {answer}");
        assert!(!answer.contains("as_"), "{loss}: {answer}");
        assert_eq!(database.dump().await, before, "{loss}");
    }
}

async fn whoever_lost_the_right_while_an_upload_came_does_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let database = &flow.portal.world.database;
    for (number, (loss, expected)) in LOSSES.iter().enumerate() {
        let dev = developer(&flow, number).await;
        let browser = Browser::of(&flow.portal, &dev).await;
        let post = browser.begin_upload(&flow.portal, &at(&app, "/information"), INFORMATION).await;
        database.run(&loss.replace("{user}", &database.literal(&dev.id))).await;
        let before = database.dump().await;
        let (status, answer) = post.end().await;
        assert_eq!(status, *expected, "{loss}: {answer}");
        assert_eq!(database.dump().await, before, "{loss}");
    }
}

async fn an_admin_who_was_demoted_while_a_form_came_does_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let database = &flow.portal.world.database;
    let root = flow.portal.world.admin("root@meridian.example").await;
    let browser = Browser::of(&flow.portal, &root).await;
    let path = format!("/admin/apps/{}/suspend", app.id);
    let post = browser.begin(&flow.portal, &path, &[("reason", "Spam.")]).await;
    database
        .run(&format!("update users set is_admin = false where id = {}", database.literal(&root.id)))
        .await;
    let before = database.dump().await;
    let (status, answer) = post.end().await;
    assert_eq!(status, 404, "{answer}");
    assert_eq!(database.dump().await, before);
}

async fn whoever_kept_the_right_is_only_slow(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let dev = flow.portal.world.with_role(developer(&flow, 0).await, Role::Developer).await;
    let browser = Browser::of(&flow.portal, &dev).await;
    let post = browser.begin(&flow.portal, &at(&app, "/credentials/reveal"), &[]).await;
    let (status, answer) = post.end().await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("as_"), "{answer}");
    let post = browser.begin_upload(&flow.portal, &at(&app, "/information"), INFORMATION).await;
    assert_eq!(post.end().await.0, 303);
    assert!(flow.client.visit("/apps").await.says("Slowly"));
}

const INFORMATION: &[(&str, &str)] = &[
    ("name", "Slowly"),
    ("short_description", "x"),
    ("company_name", "x"),
    ("contact_name", "x"),
    ("contact_email", "x@x.example"),
];
