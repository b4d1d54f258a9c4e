//! How much memory hostile requests take, measured on the program itself (S4, S62)

use futures_util::future::join_all;
use reqwest::{
    Method, StatusCode,
    multipart::{Form, Part},
};

use crate::{
    program::Program,
    support::{
        client::Client,
        pictures::{animation, bomb, noise, packed, padded, plain, png},
    },
};

const MIB: usize = 1024 * 1024;

/// What icons may add to the program (S62).
const GROWTH_KIB: u64 = 64 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hostile_icons_take_less_than_64_mib() {
    let program = Program::new();
    let running = program.serve().await;
    let (app, _) = running.sign_up().await;
    let path = format!("{app}/information");
    let form = running.client.visit(&path).await.form(&path);
    let before = running.memory_kib("VmRSS");

    let picture = png(&noise(400));
    let files = [
        bomb(30_000, 30_000),
        bomb(1 << 31, 1 << 31),
        packed(8_000),
        animation(&vec![plain(400, 400, [1, 2, 3, 255]); 60]),
        padded(&picture, MIB + 1),
        padded(&picture, 7_000_000),
    ];
    for file in files {
        // Sixteen of 7 MB at once would be 107 MiB if they were kept.
        let sent = form.clone().file("icon", "icon.png", &file);
        let answers = join_all((0..16).map(|_| running.client.submit(&sent))).await;
        assert!(answers.iter().all(|page| page.status.as_u16() < 500), "{:?}", answers[0].status);
    }
    let csrf = form.value("csrf").expect("a value");
    let large = join_all((0..16).map(|_| post_9_mib(&running.client, &path, csrf))).await;
    assert!(large.iter().all(|status| *status == 413), "{large:?}");

    let grown = running.memory_kib("VmHWM").saturating_sub(before);
    assert!(grown < GROWTH_KIB, "{grown} KiB");
    running.client.visit(&path).await;
}

async fn post_9_mib(client: &Client, path: &str, csrf: &str) -> StatusCode {
    let file = Part::bytes(vec![0x89; 9 * MIB]).file_name("icon.png");
    let form = Form::new().text("csrf", csrf.to_owned()).part("icon", file);
    client.send(client.request(Method::POST, path).multipart(form)).await.status
}
