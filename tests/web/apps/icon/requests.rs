//! Requests that are no form a browser would send, or too much of one (S62)

use portico::domain::app::App;
use reqwest::{
    Method,
    multipart::{Form, Part},
};

use super::shown;
use crate::{
    apps::{Flow, at},
    support::{
        client::Page,
        databases::{Kind, on_both},
        pictures::{plain, png},
    },
};

on_both!(
    a_request_over_8_mib_is_too_large,
    two_icons_are_no_icon,
    what_is_no_multipart_form_is_not_understood,
    ten_thousand_parts_are_too_many,
);

struct Sender {
    flow: Flow,
    app: App,
    csrf: String,
}

impl Sender {
    async fn new(kind: Kind) -> Self {
        let flow = Flow::new(kind).await;
        let app = flow.active_app("Relay").await;
        let path = at(&app, "/information");
        let csrf = flow.client.visit(&path).await.form(&path).value("csrf").expect("a value").to_owned();
        Self { flow, app, csrf }
    }

    fn form(&self) -> Form {
        Form::new()
            .text("csrf", self.csrf.clone())
            .text("name", "Other")
            .text("short_description", "x")
            .text("company_name", "x")
            .text("contact_name", "x")
            .text("contact_email", "x@x.example")
    }

    async fn send(&self, form: Form) -> Page {
        let request = self.flow.client.request(Method::POST, &at(&self.app, "/information"));
        self.flow.client.send(request.multipart(form)).await
    }

    async fn raw(&self, content_type: &str, body: Vec<u8>) -> Page {
        let request = self.flow.client.request(Method::POST, &at(&self.app, "/information"));
        self.flow.client.send(request.header("content-type", content_type).body(body)).await
    }

    /// Nothing was saved, and the portal answers as ever.
    async fn unharmed(&self) {
        assert_eq!(shown(&self.flow, &self.app).await, None);
        assert!(self.flow.client.visit("/apps").await.says("Relay"));
    }
}

fn icon() -> Part {
    Part::bytes(png(&plain(160, 160, [1, 2, 3, 255]))).file_name("icon.png")
}

async fn a_request_over_8_mib_is_too_large(kind: Kind) {
    let sender = Sender::new(kind).await;
    let file = |bytes: usize| Part::bytes(vec![0x89; bytes]).file_name("icon.png");
    let page = sender.send(sender.form().part("icon", file(8 * 1024 * 1024))).await;
    assert_eq!(page.status, 413, "{}", page.text());
    assert!(page.says("Too large"), "{}", page.text());
    // Text has no business being long.
    let page = sender.send(sender.form().text("long_description", "x".repeat(70_000))).await;
    assert_eq!(page.status, 413, "{}", page.text());
    // Without a length said beforehand it is counted as it comes.
    let (boundary, part) = ("x", "content-disposition: form-data; name=\"icon\"; filename=\"i\"\r\n\r\n");
    let body = [format!("--{boundary}\r\n{part}").as_bytes(), &vec![0x89; 9 * 1024 * 1024]].concat();
    let page = sender.raw("multipart/form-data; boundary=x", body).await;
    assert_eq!(page.status, 413, "{}", page.text());
    // The token comes last in a form of 8 MiB less a little, and is found.
    let form = Form::new().part("icon", file(8 * 1024 * 1024 - 4_096)).text("csrf", sender.csrf.clone());
    assert_eq!(sender.send(form).await.status, 422);
    sender.unharmed().await;
}

async fn two_icons_are_no_icon(kind: Kind) {
    let sender = Sender::new(kind).await;
    let page = sender.send(sender.form().part("icon", icon()).part("icon", icon())).await;
    assert_eq!(page.status, 400, "{}", page.text());
    let page = sender.send(sender.form().part("name", icon())).await;
    assert_eq!(page.status, 400, "a file in another field: {}", page.text());
    sender.unharmed().await;
}

async fn what_is_no_multipart_form_is_not_understood(kind: Kind) {
    let sender = Sender::new(kind).await;
    let part = |name: &str, value: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let csrf = part("csrf", &sender.csrf);
    for (what, content_type, body) in [
        ("no boundary", "multipart/form-data", format!("{csrf}--b--\r\n")),
        ("an empty boundary", "multipart/form-data; boundary=", format!("{csrf}--b--\r\n")),
        ("another boundary", "multipart/form-data; boundary=c", format!("{csrf}--b--\r\n")),
        ("no end", "multipart/form-data; boundary=b", csrf.clone()),
        (
            "no name",
            "multipart/form-data; boundary=b",
            format!("{csrf}--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ),
        ("no head", "multipart/form-data; boundary=b", format!("{csrf}--b\r\n\r\nx\r\n--b--\r\n")),
        ("rubbish", "multipart/form-data; boundary=b", String::from("\0\u{1}\u{2}")),
        ("an empty body", "multipart/form-data; boundary=b", String::new()),
    ] {
        let page = sender.raw(content_type, body.into_bytes()).await;
        assert!(matches!(page.status.as_u16(), 400 | 403), "{what}: {} {}", page.status, page.text());
    }
    let bytes = [
        csrf.as_bytes(),
        b"--b\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\n\xff\xfe\r\n--b--\r\n",
    ]
    .concat();
    assert_eq!(sender.raw("multipart/form-data; boundary=b", bytes).await.status, 400, "not UTF-8");
    let page =
        sender.raw("application/x-www-form-urlencoded", format!("csrf={}", sender.csrf).into_bytes()).await;
    assert_eq!(page.status, 403, "the form of another kind");
    sender.unharmed().await;
}

async fn ten_thousand_parts_are_too_many(kind: Kind) {
    let sender = Sender::new(kind).await;
    // Written by hand: a part is a stream within a stream to the client, and ten thousand overflow its stack.
    let part = |name: &str, value: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut body = part("csrf", &sender.csrf);
    for n in 0..10_000 {
        body.push_str(&part(&format!("field{n}"), "x"));
    }
    body.push_str("--b--\r\n");
    let page = sender.raw("multipart/form-data; boundary=b", body.into_bytes()).await;
    assert_eq!(page.status, 400, "{}", page.text());
    sender.unharmed().await;
    let few = (0..20).fold(sender.form(), |form, n| form.text(format!("field{n}"), "x"));
    assert_eq!(sender.send(few).await.status, 303, "a few that nobody asked for are passed over");
    assert!(sender.flow.client.visit("/apps").await.says("Other"));
}
