//! Pictures of a running portal, to look at: `scripts/screenshots` asks for them.

use std::path::PathBuf;

use crate::browser::{Browser, Look, Scheme};

#[tokio::test]
#[ignore = "takes pictures for scripts/screenshots"]
async fn take() {
    let [base, email, password, paths, folder] = ["BASE", "EMAIL", "PASSWORD", "PATHS", "FOLDER"]
        .map(|name| std::env::var(format!("SCREENSHOTS_{name}")).expect("run scripts/screenshots"));
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder).expect("a folder for the pictures");
    let browser = Browser::open(&base, Look::default()).await;
    if !email.is_empty() {
        browser.visit("/sign-in").await;
        browser.fill("email", &email).await;
        browser.fill("password", &password).await;
        browser.press("Sign in").await;
    }
    for (scheme, word) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        for width in [360, 768, 1280] {
            browser.appear(width, 800, scheme).await;
            for path in paths.split_whitespace() {
                browser.visit(path).await;
                let page = path.trim_matches('/').replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                let page = if page.is_empty() { "home" } else { &page };
                browser.screenshot(&folder.join(format!("{page}.{width}.{word}.png"))).await;
            }
        }
    }
}
