//! `/sign-up`, `/verify-email`, `/setup`

use portico::{
    actions::{Policy, SignUp, setup},
    domain::time::Span,
};

use crate::support::{
    client::{Client, Form, Page},
    databases::{Kind, on_both},
    site::Portal,
    world::{self, PASSWORD},
};

on_both!(
    signing_up_makes_a_user_an_account_and_a_session,
    an_address_is_proven_by_its_link_once,
    a_taken_address_is_told_in_any_case,
    ten_taken_addresses_are_told_in_a_quarter_of_an_hour,
    links_that_prove_and_set_up_last_a_day,
    every_wrong_field_is_told_at_once_and_nothing_typed_is_lost,
    a_sign_up_sent_twice_makes_one_user,
    a_sign_up_sent_by_anybody_else_or_before_its_time_is_refused,
    two_sign_ups_at_once_make_one_user,
    a_closed_portal_has_no_form,
    a_domain_lets_its_own_in_once_they_are_proven,
    nobodys_mailbox_is_filled_by_sign_ups_and_sign_ins,
    the_first_admin_comes_by_a_link_that_works_once,
    the_first_admins_form_sent_twice_makes_one_admin,
    two_first_admins_forms_at_once_make_one_admin,
);

const FORM: [(&str, &str); 4] = [
    ("name", "Ada Osei"),
    ("email", "ada@meridian.example"),
    ("account_name", "Meridian Labs"),
    ("password", "a long enough passphrase"),
];

async fn signing_up_makes_a_user_an_account_and_a_session(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let page = client.fill("/sign-up", "/sign-up", &FORM).await;
    assert_eq!(page.location(), "/apps");
    let apps = client.follow(&page).await;
    assert!(apps.says("Meridian Labs") && apps.says("Welcome."), "{}", apps.text());
    let account = client.visit("/account").await;
    assert!(account.says("Ada Osei") && account.says("Owner"), "{}", account.text());
    // Whoever an app sent here goes on to it.
    let on_the_way = portal.client();
    let door = on_the_way.visit("/sign-in?next=%2Fdocs%3Fa%3Db%26c").await;
    let way = door.attribute("a[href^='/sign-up']", "href").expect("the way for somebody new");
    let form = [FORM[0], ("email", "bo@meridian.example"), FORM[2], FORM[3]];
    assert_eq!(on_the_way.fill(&way, "/sign-up", &form).await.location(), "/docs?a=b&c");
    let astray = portal.client();
    let form = [FORM[0], ("email", "cy@meridian.example"), FORM[2], FORM[3]];
    let page = astray.fill("/sign-up?next=https%3A%2F%2Fevil.example", "/sign-up", &form).await;
    assert_eq!(page.location(), "/apps");
    // Said once: the next page is quiet.
    assert!(!client.visit("/apps").await.says("Welcome."));
}

async fn an_address_is_proven_by_its_link_once(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    client.fill("/sign-up", "/sign-up", &FORM).await;
    assert!(
        client.visit("/settings").await.says("Not proven yet"),
        "{}",
        client.visit("/settings").await.text()
    );
    let letters = portal.letters().await;
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    let link = letter.link(&portal);
    // Opening the link changes nothing; its button does (S19).
    client.visit(&link).await;
    assert!(client.visit("/settings").await.has("form[action=\"/verify-email/send\"]"));
    let proven = client.fill(&link, "/verify-email", &[]).await;
    assert_eq!(proven.location(), "/settings");
    assert!(!client.visit("/settings").await.has("form[action=\"/verify-email/send\"]"));
    assert!(!client.visit(&link).await.has("form[action=\"/verify-email\"]"), "the link is used up");
}

async fn a_taken_address_is_told_in_any_case(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.client().fill("/sign-up", "/sign-up", &FORM).await;
    let form = FORM.map(|(name, value)| (name, if name == "email" { "ADA@Meridian.Example" } else { value }));
    let page = portal.client().fill("/sign-up", "/sign-up", &form).await;
    assert_eq!(page.status, 422);
    assert!(page.errors()["email"].contains("already"), "{:?}", page.errors());
}

async fn ten_taken_addresses_are_told_in_a_quarter_of_an_hour(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    for n in 1..=10 {
        let page = client.fill("/sign-up", "/sign-up", &FORM).await;
        assert_eq!(page.status, 422, "{n}");
        assert!(page.errors()["email"].contains("already"), "{n}: {:?}", page.errors());
    }
    let page = client.fill("/sign-up", "/sign-up", &FORM).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (429, "900"));
    assert!(!page.says("already"), "{}", page.text());
    // One that is free is answered alike.
    let free = [FORM[0], ("email", "free@meridian.example"), FORM[2], FORM[3]];
    assert_eq!(client.fill("/sign-up", "/sign-up", &free).await.status, 429);
    portal.world.clock.advance(Span::minutes(16));
    assert_eq!(client.fill("/sign-up", "/sign-up", &free).await.location(), "/apps");
}

async fn links_that_prove_and_set_up_last_a_day(kind: Kind) {
    let portal = Portal::new(kind).await;
    let first_admin = setup_link(&portal).await;
    let client = portal.client();
    client.fill("/sign-up", "/sign-up", &FORM).await;
    let proof = portal.letters().await.first().expect("a letter").link(&portal);
    let fields = [("email", "ada@new.example"), ("email_password", "a long enough passphrase")];
    assert_eq!(client.fill("/settings", "/settings/email", &fields).await.location(), "/settings");
    let letters = portal.letters().await;
    let letter = letters.iter().find(|letter| letter.whole.contains("To: ada@new.example"));
    let move_on = letter.expect("a letter to the new address").link(&portal);
    let day = Span::hours(24).as_seconds();
    for (pass, works) in [(day - 1, true), (1, false)] {
        portal.world.clock.advance(Span::seconds(pass));
        for (link, action) in
            [(&first_admin, "/setup"), (&proof, "/verify-email"), (&move_on, "/verify-email")]
        {
            let page = portal.client().visit(link).await;
            assert_eq!(page.has(&format!("form[action='{action}']")), works, "{link}: {}", page.text());
        }
    }
}

async fn every_wrong_field_is_told_at_once_and_nothing_typed_is_lost(kind: Kind) {
    let portal = Portal::new(kind).await;
    let fields =
        [("name", " "), ("email", "ada@meridian"), ("account_name", "Meridian"), ("password", "short")];
    let page = portal.client().fill("/sign-up", "/sign-up", &fields).await;
    assert_eq!(page.status, 422);
    let errors = page.errors();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["email", "name", "password"]);
    let form = page.form("/sign-up");
    assert_eq!(form.value("email"), Some("ada@meridian"));
    assert_eq!(form.value("account_name"), Some("Meridian"));
    assert_eq!(form.value("password"), Some(""), "a password is never sent back");
}

async fn a_sign_up_sent_twice_makes_one_user(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let form = filled(&client, "/sign-up?next=%2Fsettings", "/sign-up").await;
    assert_eq!(client.submit(&form).await.location(), "/settings");
    let before = portal.world.database.dump().await;
    // The answer reloaded, the browser signed in by now.
    for _ in 0..2 {
        let again = client.submit(&form).await;
        assert_eq!(again.location(), "/settings");
        assert!(client.follow(&again).await.says("This form was sent twice."), "{}", again.text());
    }
    assert_eq!(portal.world.database.dump().await, before, "nothing was done");
    assert_eq!(client.visit("/account").await.texts("form[action='/account/switch']").len(), 1);
    let letters = portal.letters().await;
    assert_eq!(letters.len(), 1, "one letter: {letters:?}");
}

async fn a_sign_up_sent_by_anybody_else_or_before_its_time_is_refused(kind: Kind) {
    let portal = Portal::new(kind).await;
    let (client, other) = (portal.client(), portal.client());
    let form = filled(&client, "/sign-up", "/sign-up").await;
    let unsent = filled(&client, "/sign-up", "/sign-up").await;
    client.submit(&form).await;
    let bo = [FORM[0], ("email", "bo@meridian.example"), FORM[2], FORM[3]];
    assert_eq!(other.fill("/sign-up", "/sign-up", &bo).await.location(), "/apps");
    let before = portal.world.database.dump().await;
    for (whose, client, form) in [
        ("a stranger's", portal.client(), &form),
        ("another user's", other, &form),
        ("of a form that made nobody", client.clone(), &unsent),
        ("of a form without its value", client.clone(), &form.clone().without("once")),
    ] {
        assert_eq!(client.submit(form).await.status, 403, "{whose}");
    }
    assert_eq!(portal.world.database.dump().await, before);
}

async fn two_sign_ups_at_once_make_one_user(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let form = filled(&client, "/sign-up", "/sign-up").await;
    let (one, other) = tokio::join!(client.submit(&form), client.submit(&form));
    assert_eq!((one.location(), other.location()), (String::from("/apps"), String::from("/apps")));
    let mut told = [flash(&one), flash(&other)];
    told.sort();
    assert_eq!(told, ["again", "welcome"]);
    assert_eq!(portal.world.database.texts("select email from users").await.len(), 1);
    assert_eq!(portal.letters().await.len(), 1);
}

/// The form of a page, with what somebody enters who signs up.
async fn filled(client: &Client, page: &str, action: &str) -> Form {
    let form = client.visit(page).await.form(action);
    FORM.iter().fold(form, |form, (name, value)| form.with(name, value))
}

/// What the next page will say, as a code.
fn flash(page: &Page) -> String {
    crate::two_step::cookie(page, "portico-flash").unwrap_or_default()
}

async fn a_closed_portal_has_no_form(kind: Kind) {
    let portal = Portal::under(kind, Policy { sign_up: SignUp::Invite, ..world::policy() }).await;
    let page = portal.client().visit("/sign-up").await;
    assert!(!page.has("form[action=\"/sign-up\"]"), "{}", page.text());
    assert!(!portal.client().visit("/").await.has("form[action=\"/sign-up\"]"));
}

async fn a_domain_lets_its_own_in_once_they_are_proven(kind: Kind) {
    let sign_up = SignUp::Domain(String::from("meridian.example"));
    let portal = Portal::under(kind, Policy { sign_up, ..world::policy() }).await;
    let stranger = FORM.map(|(name, value)| (name, if name == "email" { "eve@evil.example" } else { value }));
    let page = portal.client().fill("/sign-up", "/sign-up", &stranger).await;
    assert!(page.errors()["email"].contains("meridian.example"), "{:?}", page.errors());

    let client = portal.client();
    let new = client.fill("/sign-up", "/sign-up", &FORM).await;
    assert_eq!(new.location(), "/sign-up/sent");
    assert!(client.follow(&new).await.says("We have sent a link"));
    let letters = portal.letters().await;
    let link = letters.first().expect("a letter").link(&portal);
    // A taken address gets the same answer.
    let again = portal.client().fill("/sign-up", "/sign-up", &FORM).await;
    assert_eq!((again.status, again.text()), (new.status, new.text()));

    let fields = [("email", "ada@meridian.example"), ("password", "a long enough passphrase")];
    let early = client.fill("/sign-in", "/sign-in", &fields).await;
    assert!(early.errors()["email"].contains("Prove your address"), "{:?}", early.errors());
    assert_eq!(client.fill(&link, "/verify-email", &[]).await.location(), "/sign-in");
    assert_eq!(client.fill("/sign-in", "/sign-in", &fields).await.location(), "/apps");
}

async fn nobodys_mailbox_is_filled_by_sign_ups_and_sign_ins(kind: Kind) {
    let sign_up = SignUp::Domain(String::from("meridian.example"));
    let portal = Portal::under(kind, Policy { sign_up, ..world::policy() }).await;
    let client = portal.client();
    // The same form twice is one sign-up.
    let form = client.visit("/sign-up").await.form("/sign-up");
    let form = FORM.iter().fold(form, |form, (name, value)| form.with(name, value));
    for _ in 0..12 {
        assert_eq!(client.submit(&form).await.location(), "/sign-up/sent");
    }
    assert_eq!(portal.letters().await.len(), 1);
    let mut answers = Vec::new();
    for _ in 0..11 {
        answers.push(client.fill("/sign-up", "/sign-up", &FORM).await.status.as_u16());
    }
    assert_eq!((answers[8], answers[10]), (303, 429), "{answers:?}");
    let fields = [("email", "ada@meridian.example"), ("password", "a long enough passphrase")];
    let mut last = 0;
    for _ in 0..11 {
        last = client.fill("/sign-in", "/sign-in", &fields).await.status.as_u16();
    }
    assert_eq!(last, 429);
    let letters = portal.letters().await.len();
    assert!(letters <= 20, "{letters} letters");
}

async fn the_first_admin_comes_by_a_link_that_works_once(kind: Kind) {
    let portal = Portal::new(kind).await;
    let token = setup::first_admin_link(&portal.world.ctx).await.expect("a link").expect("there is no admin");
    // It is not given out twice (S10).
    assert!(setup::first_admin_link(&portal.world.ctx).await.expect("no error").is_none());
    let link = format!("/setup?token={}", token.expose());
    let fields = [
        ("name", "Ada Osei"),
        ("email", "ada@meridian.example"),
        ("account_name", "Staff"),
        ("password", PASSWORD),
    ];
    let client = portal.client();
    let wrong = client.fill(&link, "/setup", &[("name", ""), ("email", "x")]).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.errors().len(), 4);
    assert_eq!(client.fill(&link, "/setup", &fields).await.location(), "/apps");
    let token = token.expose();
    let fields = [("token", token), ("name", "")];
    let form = portal.client();
    let csrf = form.visit("/sign-in").await.form("/sign-in").value("csrf").map(str::to_owned);
    let post = form.request(reqwest::Method::POST, "/setup");
    let fields = [fields[0], fields[1], ("csrf", csrf.as_deref().expect("a value"))];
    let late = form.send(post.form(&fields)).await;
    assert!(late.says("no longer works") && late.errors().is_empty(), "{}", late.text());
    let later = portal.client().visit(&link).await;
    assert!(!later.has("form[action=\"/setup\"]"), "{}", later.text());
}

/// The way to the form that makes the first admin.
async fn setup_link(portal: &Portal) -> String {
    let token = setup::first_admin_link(&portal.world.ctx).await.expect("a link").expect("there is no admin");
    format!("/setup?token={}", token.expose())
}

async fn the_first_admins_form_sent_twice_makes_one_admin(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let form = filled(&client, &setup_link(&portal).await, "/setup").await;
    assert_eq!(client.submit(&form).await.location(), "/apps");
    let before = portal.world.database.dump().await;
    let again = client.submit(&form).await;
    assert_eq!(again.location(), "/apps");
    assert!(client.follow(&again).await.says("This form was sent twice."), "{}", again.text());
    assert_eq!(portal.world.database.dump().await, before, "nothing was done");
    assert_eq!(portal.client().submit(&form).await.status, 403, "a stranger's");
}

async fn two_first_admins_forms_at_once_make_one_admin(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let form = filled(&client, &setup_link(&portal).await, "/setup").await;
    let (one, other) = tokio::join!(client.submit(&form), client.submit(&form));
    assert_eq!((one.location(), other.location()), (String::from("/apps"), String::from("/apps")));
    let mut told = [flash(&one), flash(&other)];
    told.sort();
    assert_eq!(told, ["", "again"]);
    assert_eq!(portal.world.database.texts("select email from users").await.len(), 1);
    assert!(client.visit("/apps").await.has("a[href='/admin']"), "signed in as the admin");
}
