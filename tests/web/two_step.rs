//! `/settings/two-step`, `/sign-in/code`, and what asks for a code beside the password (S9, S11)

mod codes;
mod settings;

use portico::domain::time::Span;
use reqwest::Method;

use crate::support::{
    authenticator::{Authenticator, recovery_codes, turn_on},
    client::{Client, Page},
    databases::{Kind, on_both},
    site::Portal,
    world::{PASSWORD, Person},
};

on_both!(
    after_the_password_there_is_no_session_until_the_code,
    a_code_counts_once,
    the_second_step_ends_after_ten_minutes,
    a_password_reset_does_not_skip_the_code,
    ten_wrong_codes_close_the_second_step,
    a_secret_that_does_not_open_is_told_and_a_recovery_code_opens,
    a_disabled_user_does_not_get_past_the_second_step,
);

/// Somebody with two-step sign-in.
pub(crate) struct TwoSteps {
    pub(crate) portal: Portal,
    pub(crate) ada: Person,
    /// The browser in which it was turned on.
    pub(crate) client: Client,
    pub(crate) app: Authenticator,
    pub(crate) codes: Vec<String>,
}

impl TwoSteps {
    pub(crate) async fn new(kind: Kind) -> Self {
        let portal = Portal::new(kind).await;
        let ada = portal.world.user("ada@meridian.example").await;
        let client = portal.signed_in(&ada).await;
        let (app, page) = turn_on(&portal, &client).await;
        let codes = recovery_codes(&page);
        let two = Self { portal, ada, client, app, codes };
        two.next_code();
        two
    }

    /// Waits until the app shows another code.
    pub(crate) fn next_code(&self) {
        self.portal.world.clock.advance(Span::seconds(30));
    }

    pub(crate) fn code(&self) -> String {
        self.app.code(self.portal.world.ctx.now())
    }

    /// The first step, in a browser that was not here before.
    pub(crate) async fn half_way(&self) -> (Client, Page) {
        let client = self.portal.client();
        let page = self.give_password(&client, "/sign-in", PASSWORD).await;
        (client, page)
    }

    async fn give_password(&self, client: &Client, door: &str, password: &str) -> Page {
        let fields = [("email", self.ada.email.as_str()), ("password", password)];
        client.fill(door, "/sign-in", &fields).await
    }

    pub(crate) async fn enter(&self, client: &Client, code: &str) -> Page {
        client.fill("/sign-in/code", "/sign-in/code", &[("code", code)]).await
    }
}

/// The value of a cookie that an answer sets.
pub(crate) fn cookie(page: &Page, name: &str) -> Option<String> {
    let set = page.headers.get_all("set-cookie").iter().filter_map(|one| one.to_str().ok());
    let value = set.filter_map(|one| one.strip_prefix(&format!("{name}="))).next()?;
    value.split(';').next().filter(|value| !value.is_empty()).map(str::to_owned)
}

async fn after_the_password_there_is_no_session_until_the_code(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let client = two.portal.client();
    let page = two.give_password(&client, "/sign-in?next=/settings%3Fx%3D1", PASSWORD).await;
    assert_eq!(page.location(), "/sign-in/code?next=%2Fsettings%3Fx%3D1");
    assert_eq!(cookie(&page, "portico"), None, "no session");
    assert_eq!(cookie(&page, "portico-device"), None, "the browser is not known yet either");
    let half = cookie(&page, "portico-half").expect("what waits");
    assert!(client.get("/apps").await.location().starts_with("/sign-in?next="));

    // Nor does what waits open anything as if it were a session (S14).
    let thief = two.portal.client();
    let request = thief.request(Method::GET, "/apps").header("cookie", format!("portico={half}"));
    assert!(thief.send(request).await.location().starts_with("/sign-in?next="));

    let page = client.follow(&page).await;
    assert!(page.says("The password of ada@meridian.example was right."), "{}", page.text());
    let form = page.form("/sign-in/code");
    let wrong =
        client.submit(&form.clone().with("code", &two.app.wrong_code(two.portal.world.ctx.now()))).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.errors()["code"].contains("not right"), "{}", wrong.text());
    for (typed, words) in [("", "Enter the code"), ("12345", "6 digits"), ("hello", "6 digits")] {
        let page = client.submit(&form.clone().with("code", typed)).await;
        assert_eq!(page.status, 422);
        assert!(page.errors()["code"].contains(words), "{typed:?}: {}", page.text());
    }
    let page = client.submit(&form.with("code", &two.code())).await;
    assert_eq!(page.location(), "/settings?x=1");
    let session = cookie(&page, "portico").expect("a session");
    assert!(session != half, "a value of its own");
    client.visit("/settings").await;
    assert_eq!(two.portal.world.database.audited("code_failed").await, 1, "what was no code was not judged");

    // What waited is over.
    two.next_code();
    let replayed = two.portal.client();
    let request =
        replayed.request(Method::GET, "/sign-in/code").header("cookie", format!("portico-half={half}"));
    assert_eq!(replayed.send(request).await.location(), "/sign-in");
}

async fn a_code_counts_once(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let code = two.code();
    let (first, _) = two.half_way().await;
    let (second, _) = two.half_way().await;
    assert_eq!(two.enter(&first, &code).await.location(), "/apps");
    let page = two.enter(&second, &code).await;
    assert_eq!(page.status, 422);
    assert!(page.errors()["code"].contains("was used already"), "{}", page.text());
    // Nor does a code from before it, which an app a little behind would show.
    let before = two.app.code(two.portal.world.ctx.now() - Span::seconds(30));
    assert_eq!(two.enter(&second, &before).await.status, 422);
    // One that the app will show next is taken, since clocks differ; two ahead is not.
    let ahead = |seconds| two.app.code(two.portal.world.ctx.now() + Span::seconds(seconds));
    assert_eq!(two.enter(&second, &ahead(60)).await.status, 422);
    assert_eq!(two.enter(&second, &ahead(30)).await.location(), "/apps");
}

async fn the_second_step_ends_after_ten_minutes(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let client = two.portal.client();
    let page = two.give_password(&client, "/sign-in?next=/settings", PASSWORD).await;
    let form = client.follow(&page).await.form("/sign-in/code");
    two.portal.world.clock.advance(Span::seconds(599));
    client.visit("/sign-in/code").await;
    two.portal.world.clock.advance(Span::seconds(1));
    let page = client.submit(&form.with("code", &two.code())).await;
    assert_eq!(page.location(), "/sign-in?next=%2Fsettings");
    let door = client.follow(&page).await;
    assert!(door.says("Enter your password again.") && door.says("10 minutes"), "{}", door.text());
    assert_eq!(door.form("/sign-in").value("next"), Some("/settings"));
    // Whoever opens it by chance is led to the door too.
    assert_eq!(two.portal.client().get("/sign-in/code").await.location(), "/sign-in");
    assert!(client.get("/apps").await.location().starts_with("/sign-in?next="));
}

async fn a_password_reset_does_not_skip_the_code(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let (waiting, _) = two.half_way().await;
    two.portal.letters().await;
    let client = two.portal.client();
    client.fill("/password/forgot", "/password/forgot", &[("email", "ada@meridian.example")]).await;
    let letters = two.portal.letters().await;
    let link = letters[0].link(&two.portal);
    let new = "another staple of horses";
    let page = client.fill(&link, "/password/reset", &[("password", new)]).await;
    assert_eq!(page.location(), "/sign-in");
    assert!(client.get("/apps").await.location().starts_with("/sign-in?next="));
    // What waited with the old password is over, whatever code comes.
    assert_eq!(waiting.get("/sign-in/code").await.location(), "/sign-in");
    let page = two.give_password(&client, "/sign-in", new).await;
    assert_eq!(page.location(), "/sign-in/code");
    assert_eq!(two.enter(&client, &two.code()).await.location(), "/apps");
}

async fn ten_wrong_codes_close_the_second_step(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let wrong = two.app.wrong_code(two.portal.world.ctx.now());
    // From many browsers: the limit is the user's.
    for n in 1..=10 {
        let (client, _) = two.half_way().await;
        assert_eq!(two.enter(&client, &wrong).await.status, 422, "guess {n}");
    }
    let (client, _) = two.half_way().await;
    for code in [&two.code(), &two.codes[0]] {
        let page = two.enter(&client, code).await;
        assert_eq!(page.status, 429, "the right one too");
        assert_eq!(page.header("retry-after"), "900");
    }
    let database = &two.portal.world.database;
    assert_eq!(database.audited("code_failed").await, 10);
    assert_eq!(database.audited("tries_limited").await, 1, "that others were not looked at, once");
    // Whoever knows the password keeps the owner from nothing: not in a session,
    let fields = [("password", PASSWORD), ("code", &two.code())];
    assert_eq!(two.client.fill("/confirm", "/confirm", &fields).await.status, 303);
    // which has ten tries of its own,
    let fields = [("password", PASSWORD), ("code", wrong.as_str())];
    for n in 1..=11 {
        let page = two.client.fill("/confirm", "/confirm", &fields).await;
        assert_eq!(page.status, if n == 11 { 429 } else { 422 }, "guess {n}");
    }
    assert_eq!(database.audited("tries_limited").await, 2, "each limit by itself");
    // nor in a browser that was here before.
    two.portal.world.clock.advance(Span::minutes(15));
    let (known, _) = two.half_way().await;
    assert_eq!(two.enter(&known, &two.code()).await.location(), "/apps");
    for _ in 0..10 {
        let (client, _) = two.half_way().await;
        assert_eq!(two.enter(&client, &wrong).await.status, 422);
    }
    two.next_code();
    known.fill("/apps", "/sign-out", &[]).await;
    two.give_password(&known, "/sign-in", PASSWORD).await;
    assert_eq!(two.enter(&known, &two.code()).await.location(), "/apps");
}

async fn a_secret_that_does_not_open_is_told_and_a_recovery_code_opens(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let spoil = match kind {
        Kind::Sqlite => "update second_factors set secret_sealed = x'01'",
        Kind::Postgres => "update second_factors set secret_sealed = '\\x01'",
    };
    two.portal.world.database.run(spoil).await;
    let (client, _) = two.half_way().await;
    let page = two.enter(&client, &two.code()).await;
    assert_eq!(page.status, 422);
    assert!(page.errors()["code"].contains("Enter a recovery code"), "{}", page.text());
    let fields = [("password", PASSWORD), ("code", &two.code())];
    assert_eq!(two.client.fill("/confirm", "/confirm", &fields).await.status, 422);
    assert_eq!(two.portal.world.database.audited("second_factor_unreadable").await, 2);
    assert_eq!(two.portal.world.database.audited("code_failed").await, 0);
    assert_eq!(two.enter(&client, &two.codes[0]).await.location(), "/apps");
}

async fn a_disabled_user_does_not_get_past_the_second_step(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let (client, _) = two.half_way().await;
    let form = client.visit("/sign-in/code").await.form("/sign-in/code").with("code", &two.code());
    two.portal.world.database.set("users", &two.ada.id, "disabled_at = 1").await;
    assert_eq!(client.submit(&form).await.location(), "/sign-in");
    assert!(client.get("/apps").await.location().starts_with("/sign-in?next="));
}
