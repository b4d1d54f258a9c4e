//! `HAProxy` of Debian in front of nginx, with `docs/gateways/haproxy.cfg`.

use std::{path::Path, process::Command};

use reqwest::Method;

use crate::{
    gateway::{Gateway, Program},
    support::client::Client,
    upstream,
};

pub(crate) const HAPROXY: Program = Program {
    file: "docs/gateways/haproxy.cfg",
    whole,
    command,
    in_front_of: Some(&crate::nginx::NGINX),
    preflights: None,
    tells_what_is_left: true,
};

fn whole(site: &str, _folder: &Path) -> String {
    site.to_owned()
}

fn command(configuration: &Path, _folder: &Path) -> Command {
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(configuration);
    command
}

/// What the claims about it rest on: a forged header gets as far as the gateway behind it.
#[tokio::test(flavor = "multi_thread")]
async fn it_hands_headers_on_as_they_came() {
    let site = std::fs::read_to_string(HAPROXY.file).expect("the documented configuration");
    let alone = Gateway::start_with(&site, &HAPROXY, "http://127.0.0.1:1", upstream::serve());
    let client = Client::new(&alone.url);
    for name in ["x-portico-app", "x_portico_app", "x.portico.app", "x+portico+app", "x~portico!user"] {
        let page = client.send(client.request(Method::GET, "/").header(name, "forged")).await;
        assert!(page.body.contains(&format!("[\"{name}\",\"forged\"]")), "{name}: {}", page.body);
    }
}
