//! Ways in that many try at the same moment: sign-ins, sign-ups and links (S6, S10, S66).

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use portico::{
    actions::{
        self, By, Error, FormValue, Once,
        confirm::Proof,
        outbox,
        sign_in::{Browser, SignedInUser},
        sign_up::{NewSignUp, SignedUp},
    },
    crypto::token::Token,
    domain::{
        audit::{Change, Origin},
        password::{NewPassword, PasswordContext, TypedPassword},
        time::Span,
        user::LinkKind,
    },
    mail::Mailer,
    store::Link,
};

use crate::{
    races::at_once,
    support::{
        databases::{Kind, on_both},
        world::{PASSWORD, World, parsed},
    },
};

on_both!(
    a_sign_up_sent_ten_times_makes_one_user,
    thirty_guesses_at_once_are_counted_before_they_are_judged,
    no_session_begins_with_a_password_that_was_just_replaced,
    a_link_opened_ten_times_at_once_works_once,
    resets_asked_for_at_once_leave_one_link_that_works,
    a_session_that_was_ended_changes_no_password,
    whoever_has_an_old_cookie_is_not_given_a_new_one,
    of_names_given_at_once_each_tells_of_the_one_before,
    a_session_is_read_while_its_last_use_cannot_be_written,
    what_a_mail_server_says_is_logged,
    processes_that_start_at_once_make_one_link_for_the_first_admin,
);

/// What somebody enters who signs up as `email`.
fn sign_up(email: &str, password: &str) -> NewSignUp {
    let context = PasswordContext { platform: "Meridian", email, name: "Ada" };
    NewSignUp {
        name: parsed("Ada"),
        email: parsed(email),
        account_name: parsed("Ada"),
        password: NewPassword::parse(password, &context).expect("a good password"),
    }
}

fn visitor() -> By {
    By::visitor(Origin::default())
}

async fn a_sign_up_sent_ten_times_makes_one_user(kind: Kind) {
    let world = World::new(kind).await;
    let form = FormValue::of_visitor(Token::generate().expose());
    let send = |_| {
        let ctx = world.ctx.clone();
        async move {
            let new = sign_up("ada@x.example", PASSWORD);
            actions::sign_up::sign_up(&ctx, &visitor(), &Browser::default(), form, new).await
        }
    };
    let mut outcomes = at_once(5, send).await;
    // Again when the first answer never came: the same form, the same password.
    for number in 0..5 {
        outcomes.push(send(number).await);
    }
    let mut now = 0;
    for outcome in outcomes {
        let SignedUp::In(session) = outcome.expect("all are signed in") else { panic!("signed in at once") };
        now += usize::from(matches!(session, Once::Now(_)));
        let who = signed_in(&world, &session.into_inner().session).await.expect("a session");
        assert_eq!(who.expect("a session").user.email.as_str(), "ada@x.example");
    }
    assert_eq!(now, 1, "the others are told that it was done");
    // The form alone opens nothing: its value may lie in a page that others find.
    let new = sign_up("eve@x.example", "another staple of horses");
    let refused = actions::sign_up::sign_up(&world.ctx, &visitor(), &Browser::default(), form, new).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");

    let known = world.database.read().await.user_by_email(&parsed("ada@x.example")).await.expect("a row");
    let id = known.expect("the user").user.id;
    assert_eq!(world.database.read().await.memberships(id).await.expect("rows").len(), 1);
}

async fn thirty_guesses_at_once_are_counted_before_they_are_judged(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let device = world.sign_in(&ada).await.device;
    let guess = |racer: usize| {
        let (ctx, email) = (world.ctx.clone(), ada.email.clone());
        async move {
            // From thirty places: the limit is the address's.
            let address = format!("192.0.2.{racer}").parse().ok();
            let browser = Browser { address, ..Browser::default() };
            let password = TypedPassword::parse("not the password").expect("a password");
            actions::sign_in::sign_in(&ctx, &visitor(), &browser, &email, password).await
        }
    };
    let (mut judged, mut refused) = (0, 0);
    for outcome in at_once(30, guess).await {
        match outcome {
            // Unavailable: counted, and its turn to be checked did not come in time.
            Err(Error::Invalid(_) | Error::Unavailable(_)) => judged += 1,
            Err(Error::TooMany { .. }) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((judged, refused), (10, 20));

    // The user gets in from a browser of old, and from any after a quarter of an hour.
    let right = || TypedPassword::parse(PASSWORD).expect("a password");
    let sign_in = async |browser| {
        actions::sign_in::sign_in(&world.ctx, &visitor(), &browser, &ada.email, right()).await
    };
    assert!(matches!(sign_in(Browser::default()).await, Err(Error::TooMany { .. })));
    assert!(sign_in(Browser { device: Some(device), ..Browser::default() }).await.is_ok());
    world.clock.advance(Span::minutes(15));
    assert!(sign_in(Browser::default()).await.is_ok());
}

async fn no_session_begins_with_a_password_that_was_just_replaced(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let token = Token::generate();
    let link = Link {
        id: world.ctx.new_id(),
        user: Some(ada.id),
        email: Some(ada.email.clone()),
        expires_at: world.ctx.now() + Span::minutes(30),
    };
    let mut tx = world.database.begin().await;
    tx.insert_link(&link, LinkKind::Reset, token.hash().as_bytes(), world.ctx.now()).await.expect("a link");
    tx.commit().await.expect("it holds");

    at_once(8, |racer| {
        let (ctx, email, token) = (world.ctx.clone(), ada.email.clone(), token.clone());
        async move {
            if racer == 3 {
                let new = sign_up(email.as_str(), "another staple of horses").password;
                actions::passwords::reset(&ctx, &visitor(), &token, new)
                    .await
                    .expect("the password is replaced");
                return;
            }
            let old = TypedPassword::parse(PASSWORD).expect("a password");
            // Before the reset it is right, after it wrong; which of them is left to the race.
            let _ = actions::sign_in::sign_in(&ctx, &visitor(), &Browser::default(), &email, old).await;
        }
    })
    .await;
    let sessions = world.database.read().await.sessions_of(ada.id).await.expect("rows");
    assert!(sessions.is_empty(), "{sessions:?}");
}

async fn a_link_opened_ten_times_at_once_works_once(kind: Kind) {
    let world = World::new(kind).await;
    let token = actions::setup::first_admin_link(&world.ctx).await.expect("a link").expect("the first");
    let outcomes = at_once(10, |racer| {
        let (ctx, token) = (world.ctx.clone(), token.clone());
        let form = FormValue::of_visitor(Token::generate().expose());
        async move {
            let new = sign_up(&format!("admin{racer}@x.example"), PASSWORD);
            actions::setup::make_first_admin(&ctx, &visitor(), &Browser::default(), form, &token, new).await
        }
    })
    .await;
    let other = outcomes
        .iter()
        .find(|outcome| !matches!(outcome, Ok(_) | Err(Error::NotFound | Error::Unavailable(_))));
    assert!(other.is_none(), "{other:?}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(world.database.read().await.admins().await.expect("a count"), 1);
}

async fn processes_that_start_at_once_make_one_link_for_the_first_admin(kind: Kind) {
    let world = World::new(kind).await;
    let links = at_once(10, |_| {
        let ctx = world.ctx.clone();
        async move { actions::setup::first_admin_link(&ctx).await.expect("a link or none") }
    })
    .await;
    assert_eq!(links.iter().flatten().count(), 1);
}

async fn resets_asked_for_at_once_leave_one_link_that_works(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    for _ in 0..6 {
        actions::passwords::forget(&world.ctx, &visitor(), &ada.email).await.expect("it is asked for");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    let mailer = Mailer::file("Portico", "no-reply@portico.example", path.clone()).expect("a mailer");
    let mailer = Arc::new(mailer);
    at_once(6, |_| {
        let (ctx, mailer) = (world.ctx.clone(), Arc::clone(&mailer));
        async move { outbox::send_due(&ctx, &mailer).await.expect("mail is sent") }
    })
    .await;
    outbox::send_due(&world.ctx, &mailer).await.expect("the rest is sent");
    let (mut sent, mut working) = (0, 0);
    for entry in std::fs::read_dir(path).expect("the letters") {
        let letter = std::fs::read_to_string(entry.expect("a letter").path()).expect("text");
        let (_, rest) = letter.split_once("token=").expect("a link");
        let token = rest.split_whitespace().next().and_then(Token::parse).expect("a token");
        sent += 1;
        let works = actions::passwords::peek(&world.ctx, LinkKind::Reset, &token).await;
        working += usize::from(works.is_ok());
    }
    assert_eq!((sent, working), (6, 1));
}

async fn a_session_that_was_ended_changes_no_password(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let cookie = world.sign_in(&ada).await.session;
    let who = signed_in(&world, &cookie).await.expect("a row").expect("a session");
    let by = By::user(ada.id, Origin::default());
    // As if between the request's beginning and the change.
    for _ in 0..2 {
        actions::sign_in::sign_out(&world.ctx, &by, &who.session).await.expect("it ends");
    }
    assert_eq!(world.database.audited("signed_out").await, 1, "what ended is not ended again");
    let old = || proof(TypedPassword::parse(PASSWORD).expect("a password"));
    let new = sign_up("ada@meridian.example", "another staple of horses").password;
    let changed = actions::passwords::change(&world.ctx, &by, &who.session, old(), new).await;
    assert!(matches!(changed, Err(Error::NotFound)), "{changed:?}");
    let confirmed = actions::confirm::confirm(&world.ctx, &by, &who.session, old()).await;
    assert!(matches!(confirmed, Err(Error::NotFound)), "{confirmed:?}");
    assert_eq!(world.database.audited("confirmed").await, 0);
    let (session, email) = (&who.session, parsed("ada@new.example"));
    let asked = actions::passwords::ask_new_address(&world.ctx, &by, session, old(), &email).await;
    assert!(matches!(asked, Err(Error::NotFound)), "{asked:?}");
    world.sign_in(&ada).await;
}

async fn of_names_given_at_once_each_tells_of_the_one_before(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let outcomes = at_once(8, |racer| {
        let (ctx, by, id) = (world.ctx.clone(), By::user(ada.id, Origin::default()), ada.id);
        async move { actions::settings::rename(&ctx, &by, id, &parsed(&format!("Ada {racer}"))).await }
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let details = "select detail from audit_log where action = 'profile_changed' order by seq";
    let mut before = String::from("ada@meridian.example");
    let details = world.database.texts(details).await;
    for detail in &details {
        let Some(Change::ProfileChanged { from, to }) = Change::from_parts("profile_changed", detail) else {
            panic!("{detail}")
        };
        assert_eq!(from, before, "{details:?}");
        before = to;
    }
    assert_eq!(details.len(), 8);
}

async fn whoever_has_an_old_cookie_is_not_given_a_new_one(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let cookie = world.sign_in(&ada).await.session;
    // One session in the hands of two, of whom one comes first.
    let seen = async || signed_in(&world, &cookie).await.expect("a row").expect("a session").session;
    let (hers, copy) = (seen().await, seen().await);
    let by = By::user(ada.id, Origin::default());
    let typed = || proof(TypedPassword::parse(PASSWORD).expect("a password"));
    let new = actions::confirm::confirm(&world.ctx, &by, &hers, typed()).await.expect("another cookie");
    let late = actions::confirm::confirm(&world.ctx, &by, &copy, typed()).await;
    assert!(matches!(late, Err(Error::NotFound)), "{late:?}");
    assert!(signed_in(&world, &new).await.expect("a row").is_some());
    assert_eq!(world.database.audited("confirmed").await, 1);
}

async fn a_session_is_read_while_its_last_use_cannot_be_written(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let cookie = world.sign_in(&ada).await.session;
    let broken = match kind {
        Kind::Sqlite => {
            "create trigger broken before update on sessions begin select raise(abort, 'no'); end"
        }
        Kind::Postgres => "alter table sessions add constraint broken check (seen_at < 0) not valid",
    };
    world.database.run(broken).await;
    world.clock.advance(Span::minutes(6));
    let who = signed_in(&world, &cookie).await.expect("no error");
    assert!(who.is_some());
}

async fn what_a_mail_server_says_is_logged(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    actions::passwords::forget(&world.ctx, &visitor(), &ada.email).await.expect("it is asked for");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let (mut out, _) = listener.accept().expect("a connection");
        out.write_all(b"421 the oven is cold\r\n").expect("it is heard");
    });
    let url = format!("smtp://127.0.0.1:{port}").parse().expect("a URL");
    let mailer = Mailer::smtp("Portico", "no-reply@portico.example", &url).expect("a mailer");
    let log = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&log);
    let subscriber = tracing_subscriber::fmt().with_writer(move || Lines(Arc::clone(&into))).finish();
    let kept = tracing::subscriber::set_default(subscriber);
    let sent = outbox::send_next(&world.ctx, &mailer).await.expect("the database answers");
    drop(kept);
    assert_eq!(sent, Some(outbox::Outcome::Postponed));
    let log = String::from_utf8(log.lock().expect("a log").clone()).expect("text");
    assert!(log.contains("the oven is cold"), "{log}");
}

/// What is logged, kept.
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn signed_in(world: &World, cookie: &Token) -> actions::Result<Option<SignedInUser>> {
    actions::sign_in::signed_in(&world.ctx, cookie, &Browser::default()).await
}

fn proof(password: TypedPassword) -> Proof {
    Proof { password, code: None }
}
