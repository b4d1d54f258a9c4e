//! `/admin/users` and `/admin/users/{user}`: who is found, and what an admin makes of them

use portico::domain::time::Span;

use super::Console;
use crate::support::{
    authenticator::turn_on,
    client::{Client, Page},
    databases::{Kind, on_both},
    world::{PASSWORD, Person},
};

on_both!(
    a_search_finds_names_addresses_and_ids_and_kinds_filter,
    thirty_users_stand_on_two_pages,
    the_page_shows_where_a_user_belongs_and_is_signed_in,
    a_disabled_user_is_out_at_once_and_comes_back_when_enabled,
    an_admin_is_made_and_removed_and_every_admin_is_told,
    nobody_takes_their_own_powers_and_one_admin_is_always_left,
    whether_two_step_sign_in_is_on_is_shown,
    an_old_sign_in_is_asked_for_the_password_before_powers_change,
    sessions_of_others_are_ended_one_by_one_or_all,
    of_two_admins_one_wins_and_the_other_is_told,
);

fn names(page: &Page) -> Vec<String> {
    let mut names = page.texts("tbody th a");
    names.sort_unstable();
    names
}

fn at(person: &Person, verb: &str) -> String {
    format!("/admin/users/{}{verb}", person.id)
}

impl Console {
    /// Presses a button of a user's page.
    async fn rule(&self, person: &Person, verb: &str) -> Page {
        self.press(&at(person, ""), &at(person, verb), &[]).await
    }
}

/// Sends what a button would send that the page does not show.
async fn forge(client: &Client, path: &str) -> Page {
    let csrf = client.visit("/settings").await.form("/settings/profile").value("csrf").map(str::to_owned);
    client.send(client.request(reqwest::Method::POST, path).form(&[("csrf", csrf)])).await
}

async fn whether_two_step_sign_in_is_on_is_shown(kind: Kind) {
    let console = Console::new(kind).await;
    let fact = async || {
        let facts = console.client.visit(&at(&console.ada, "")).await.texts("dl.facts > div");
        facts.into_iter().find(|fact| fact.starts_with("Two-step sign-in")).expect("the fact")
    };
    assert_eq!(fact().await, "Two-step sign-inOff");
    assert!(!console.client.visit("/admin/users").await.texts("tbody").join(" ").contains("Two-step"));
    let ada = console.portal.signed_in(&console.ada).await;
    turn_on(&console.portal, &ada).await;
    assert!(fact().await.starts_with("Two-step sign-inOn since 24 Nov 2026"), "{}", fact().await);
    let list = console.client.visit("/admin/users").await;
    let rows = list.texts("tbody tr");
    let marked: Vec<_> = rows.iter().filter(|row| row.contains("Two-step")).collect();
    assert!(marked.len() == 1 && marked[0].contains("ada@meridian.example"), "{rows:?}");
}

async fn a_search_finds_names_addresses_and_ids_and_kinds_filter(kind: Kind) {
    let console = Console::new(kind).await;
    let (ada, root) = ("ada@meridian.example", "root@platform.example");
    let world = &console.portal.world;
    let noor = world.user("noor@harbour.example").await;
    let client = console.portal.signed_in(&noor).await;
    client.fill("/settings", "/settings/profile", &[("name", "NOOR Straße 100%")]).await;
    let named = "NOOR Straße 100%";
    world.database.set("users", &console.ada.id, "disabled_at = 1").await;
    for (query, found) in [
        (String::new(), [named, ada, root].as_slice()),
        ("?q=MERIDIAN.ex".to_owned(), &[ada]),
        ("?q=noor+strasse".to_owned(), &[named]),
        ("?q=noor@harbour".to_owned(), &[named]),
        ("?q=00%25".to_owned(), &[named]),
        ("?q=_".to_owned(), &[]),
        (format!("?q={}", console.root.id), &[root]),
        ("?only=admin".to_owned(), &[root]),
        ("?only=disabled".to_owned(), &[ada]),
        ("?only=disabled&q=platform".to_owned(), &[]),
        ("?only=nonsense&after=x".to_owned(), &[named, ada, root]),
    ] {
        let page = console.client.visit(&format!("/admin/users{query}")).await;
        assert_eq!(names(&page), found, "{query}: {}", page.text());
        let count = if found.is_empty() { String::from("No user fits") } else { found.len().to_string() };
        assert!(page.says(&count), "{query}: {}", page.text());
    }
    let page = console.client.visit("/admin/users").await;
    let row = |name: &str| page.texts("tbody tr").into_iter().find(|row| row.contains(name)).expect("a row");
    assert!(row(ada).contains("Disabled") && row(root).contains("Admin"), "{}", page.text());
    assert!(!row(named).contains("Admin") && row(named).contains("noor@harbour.example"));
}

async fn thirty_users_stand_on_two_pages(kind: Kind) {
    let console = Console::new(kind).await;
    for n in 0..28 {
        console.portal.world.colleague(&format!("c{n:02}@meridian.example"), &console.ada).await;
    }
    let first = console.client.visit("/admin/users").await;
    assert!(first.says("30 users"), "{}", first.text());
    let next = first.attribute("a[rel=next]", "href").expect("a next page");
    let second = console.client.visit(&next).await;
    assert_eq!((names(&first).len(), names(&second).len()), (25, 5));
    assert!(names(&first).iter().all(|name| !names(&second).contains(name)));
    assert_eq!(second.attribute("a[rel=first]", "href").as_deref(), Some("/admin/users"));
}

async fn the_page_shows_where_a_user_belongs_and_is_signed_in(kind: Kind) {
    let console = Console::new(kind).await;
    console.portal.signed_in(&console.ada).await;
    let page = console.client.visit(&at(&console.ada, "")).await;
    assert!(page.title().starts_with("ada@meridian.example – Admin console"), "{}", page.title());
    let account = page.texts("[aria-labelledby=accounts] tbody tr").concat();
    assert!(account.contains("Owner") && account.contains("Approved"), "{account}");
    assert!(page.has(&format!("a[href='/admin/accounts/{}']", console.ada.account)));
    let session = page.texts("[aria-labelledby=sessions] tbody tr").concat();
    assert!(session.contains("127.0.0.1") && session.contains("24 Nov 2026"), "{session}");
    assert!(page.says("Proven") && page.says(&console.ada.id.to_string()), "{}", page.text());
    let members = console.client.visit(&format!("/admin/accounts/{}", console.ada.account)).await;
    assert!(members.has(&format!("a[href='{}']", at(&console.ada, ""))));
    // An admin's own page offers nothing that would be refused.
    let own = console.client.visit(&at(&console.root, "")).await;
    assert!(own.says("This is you.") && !own.has("main form"), "{}", own.text());
    assert_eq!(console.client.get("/admin/users/usr_00000000000000000000000000").await.status, 404);
}

async fn a_disabled_user_is_out_at_once_and_comes_back_when_enabled(kind: Kind) {
    let console = Console::new(kind).await;
    let ada = console.portal.signed_in(&console.ada).await;
    let phone = console.portal.signed_in(&console.ada).await;
    console
        .portal
        .client()
        .fill("/password/forgot", "/password/forgot", &[("email", "ada@meridian.example")])
        .await;
    let reset = console.portal.letters().await.pop().expect("a link").link(&console.portal);

    let page = console.rule(&console.ada, "/disable").await;
    assert!(page.says("The user is disabled.") && page.says("They cannot sign in."), "{}", page.text());
    for client in [&ada, &phone] {
        assert_eq!(client.get("/apps").await.location(), "/sign-in?next=%2Fapps");
    }
    let database = &console.portal.world.database;
    let sessions = database.read().await.sessions_of(console.ada.id).await.expect("rows");
    assert!(sessions.is_empty(), "{sessions:?}");
    assert!(console.portal.client().visit(&reset).await.says("no longer works"));
    let fields = [("email", console.ada.email.as_str()), ("password", PASSWORD)];
    let refused = console.portal.client().fill("/sign-in", "/sign-in", &fields).await;
    assert!(refused.says("An admin has disabled this user."), "{}", refused.text());

    let page = console.rule(&console.ada, "/enable").await;
    assert!(page.says("The user is enabled."), "{}", page.text());
    assert_eq!(ada.get("/apps").await.status, 303, "no session is back");
    console.portal.signed_in(&console.ada).await;
    assert_eq!(database.audited("user_disabled").await, 1);
    assert_eq!(database.audited("user_enabled").await, 1);
    let letters = console.portal.letters().await;
    let to_root = |subject: &str| {
        let told = |one: &&crate::support::site::Letter| {
            one.whole.contains("To: root@platform.example") && one.whole.contains(subject)
        };
        letters.iter().filter(told).count()
    };
    assert_eq!((to_root("was disabled"), to_root("was enabled again")), (1, 1), "{letters:?}");
}

async fn an_admin_is_made_and_removed_and_every_admin_is_told(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    world.admin("second@platform.example").await;
    let asleep = world.admin("asleep@platform.example").await;
    world.database.set("users", &asleep.id, "disabled_at = 1").await;
    let made = told(&console).await;
    let of_second = made.iter().filter(|(_, text)| text.contains("second@platform.example"));
    let of_second: Vec<_> = of_second.filter(|(to, _)| to == "root@platform.example").collect();
    assert_eq!(of_second.len(), 1, "{made:?}");
    assert!(of_second[0].1.contains("the operator of"), "made on the command line: {made:?}");
    let ada = console.portal.signed_in(&console.ada).await;
    assert_eq!(ada.get("/admin").await.status, 404);
    let all = ["ada@meridian.example", "root@platform.example", "second@platform.example"];

    let page = console.rule(&console.ada, "/make-admin").await;
    assert!(page.says("The user is an admin."), "{}", page.text());
    assert_eq!(ada.get("/admin").await.location(), "/sign-in?next=%2Fadmin", "no cookie of before opens it");
    let ada = console.portal.signed_in(&console.ada).await;
    assert_eq!(ada.get("/admin").await.status, 200);
    let made = told(&console).await;
    assert_eq!(made.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), all);
    for (_, text) in &made {
        for words in [
            "made an admin of the user",
            "root@platform.example",
            "ada@meridian.example",
            &at(&console.ada, ""),
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
    let page = console.rule(&console.ada, "/remove-admin").await;
    assert!(page.says("The user is no admin any more."), "{}", page.text());
    assert_eq!(ada.get("/admin").await.status, 404);
    assert_eq!(ada.get("/apps").await.status, 200);
    let removed = told(&console).await;
    assert_eq!(
        removed.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(),
        all,
        "who was one hears of it too"
    );
    assert!(removed.iter().all(|(_, text)| text.contains("took the powers of an admin")), "{removed:?}");
    assert_eq!(world.database.audited("admin_made").await, 1);
    assert_eq!(world.database.audited("admin_removed").await, 1);
}

/// Who was sent what since the last look, by address.
async fn told(console: &Console) -> Vec<(String, String)> {
    let letters = console.portal.letters().await.into_iter().map(|letter| letter.whole);
    let to = |text: &String| text.lines().find_map(|line| line.strip_prefix("To: ").map(str::to_owned));
    let mut told: Vec<_> = letters.map(|text| (to(&text).unwrap_or_default(), text)).collect();
    told.sort();
    told
}

async fn nobody_takes_their_own_powers_and_one_admin_is_always_left(kind: Kind) {
    let console = Console::new(kind).await;
    for verb in ["/remove-admin", "/disable"] {
        let refused = forge(&console.client, &at(&console.root, verb)).await;
        assert_eq!(refused.status, 409, "{verb}");
        assert!(refused.says("You are the only admin of the platform."), "{}", refused.text());
    }
    console.rule(&console.ada, "/make-admin").await;
    for verb in ["/remove-admin", "/disable"] {
        let refused = forge(&console.client, &at(&console.root, verb)).await;
        assert_eq!(refused.status, 409, "{verb}");
        assert!(refused.says("This is yourself."), "{}", refused.text());
    }
    assert_eq!(console.client.get("/admin").await.status, 200);
    // A disabled admin is none, and comes back as one.
    let ada = console.portal.signed_in(&console.ada).await;
    console.rule(&console.ada, "/disable").await;
    assert_eq!(ada.get("/admin").await.status, 303);
    let page = console.client.visit(&at(&console.ada, "")).await;
    assert!(page.says("They can sign in again, as an admin."), "{}", page.text());
    console.rule(&console.ada, "/enable").await;
    assert_eq!(console.portal.signed_in(&console.ada).await.get("/admin").await.status, 200);
}

async fn an_old_sign_in_is_asked_for_the_password_before_powers_change(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    let page = at(&console.ada, "");
    world.clock.advance(Span::minutes(61));
    for verb in ["/make-admin", "/disable"] {
        let asked = console.client.fill(&page, &at(&console.ada, verb), &[]).await;
        assert_eq!(
            asked.location(),
            format!("/confirm?next=%2Fadmin%2Fusers%2F{}", console.ada.id),
            "{verb}"
        );
    }
    for verb in ["/remove-admin", "/enable"] {
        let asked = forge(&console.client, &at(&console.ada, verb)).await;
        assert!(asked.location().starts_with("/confirm?next="), "{verb}");
    }
    let counted = async |action: &str| world.database.audited(action).await;
    assert_eq!((counted("admin_made").await, counted("user_disabled").await), (0, 0));
    let confirm = format!("/confirm?next={page}");
    let back = console.client.fill(&confirm, "/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(back.location(), page);
    assert!(console.rule(&console.ada, "/make-admin").await.says("The user is an admin."));
}

async fn sessions_of_others_are_ended_one_by_one_or_all(kind: Kind) {
    let console = Console::new(kind).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(console.portal.signed_in(&console.ada).await);
    }
    let page = console.client.visit(&at(&console.ada, "")).await;
    assert_eq!(page.texts("[aria-labelledby=sessions] tbody tr").len(), 3);
    let one = page.attribute("[aria-labelledby=sessions] tbody form", "action").expect("a button");
    let ended = console.press(&at(&console.ada, ""), &one, &[]).await;
    assert!(ended.says("The session has ended."), "{}", ended.text());
    let mut signed_in = 0;
    for client in &clients {
        signed_in += usize::from(client.get("/apps").await.status == 200);
    }
    assert_eq!(signed_in, 2);
    // It is gone already: another admin, or the user, was quicker.
    let again = forge(&console.client, &one).await;
    assert_eq!(again.status, 409);
    let ended = console.rule(&console.ada, "/sessions/end").await;
    assert!(ended.says("All sessions of the user have ended."), "{}", ended.text());
    for client in &clients {
        assert_eq!(client.get("/apps").await.status, 303);
    }
    assert_eq!(forge(&console.client, &at(&console.ada, "/sessions/end")).await.status, 409);
    // One's own session is not another's.
    let own = console.client.visit(&at(&console.root, "")).await;
    assert!(own.has("a[href='/settings#sessions']"));
    let database = &console.portal.world.database;
    assert_eq!(database.audited("user_session_ended").await, 1);
    assert_eq!(database.audited("user_sessions_ended").await, 1);
}

async fn of_two_admins_one_wins_and_the_other_is_told(kind: Kind) {
    let console = Console::new(kind).await;
    let second = console.portal.world.admin("second@platform.example").await;
    let other = console.portal.signed_in(&second).await;
    let page = other.visit(&at(&console.ada, "")).await;
    let (disable, make) =
        (page.form(&at(&console.ada, "/disable")), page.form(&at(&console.ada, "/make-admin")));
    console.rule(&console.ada, "/disable").await;
    for form in [disable, make] {
        let late = other.submit(&form).await;
        assert_eq!(late.status, 409, "{}", form.action);
        assert!(late.says("somebody else was quicker"), "{}", late.text());
    }
    let database = &console.portal.world.database;
    assert_eq!((database.audited("user_disabled").await, database.audited("admin_made").await), (1, 0));
}
