//! Second factors, and codes that many enter at the same moment (S11).

use portico::{
    actions::{self, By, Error, FormValue, sign_in::Browser},
    crypto::token::Token,
    domain::{
        audit::Origin,
        id::UserId,
        password::TypedPassword,
        time::Span,
        two_step::{Step, TypedCode},
        user::Session,
    },
};

use crate::{
    races::at_once,
    rows::{at, user},
    support::{
        authenticator::Authenticator,
        databases::{Kind, TestDatabase, on_both},
        world::{PASSWORD, Person, World, parsed},
    },
};

on_both!(
    a_factor_is_written_once_and_goes_with_its_codes,
    a_step_counts_once_and_none_before_it,
    a_half_sign_in_waits_ten_minutes,
    one_code_entered_ten_times_at_once_signs_in_once,
    one_recovery_code_entered_ten_times_at_once_signs_in_once,
    turned_on_ten_times_at_once_it_is_turned_on_once,
    thirty_codes_guessed_at_once_are_counted_before_they_are_judged,
);

async fn a_factor_is_written_once_and_goes_with_its_codes(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    let mut tx = database.begin().await;
    assert!(tx.second_factor(ada).await.expect("no row").is_none());
    assert!(tx.insert_second_factor(ada, b"sealed", Step::new(7), at(1)).await.expect("a row"));
    assert!(!tx.insert_second_factor(ada, b"other", Step::new(8), at(2)).await.expect("one is there"));
    for (user, code) in [(ada, b"one".as_slice()), (ada, b"two"), (bob, b"one")] {
        tx.insert_recovery_code(user, code).await.expect("a code");
    }
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    let factor = conn.second_factor(ada).await.expect("a row").expect("the factor");
    assert_eq!((factor.secret_sealed.as_slice(), factor.last_step()), (b"sealed".as_slice(), Step::new(7)));
    let known = conn.user(ada).await.expect("a row").expect("the user").user;
    assert_eq!(known.two_step_at, Some(at(1)));
    let known = conn.user_by_email(&known.email).await.expect("a row").expect("the user").user;
    assert_eq!(known.two_step_at, Some(at(1)));
    assert_eq!(conn.user(bob).await.expect("a row").expect("the user").user.two_step_at, None);
    assert_eq!(conn.recovery_codes(ada).await.expect("a count"), 2);
    drop(conn);

    let mut tx = database.begin().await;
    assert!(!tx.use_recovery_code(ada, b"three").await.expect("no such code"));
    assert!(tx.use_recovery_code(ada, b"one").await.expect("hers"));
    assert!(!tx.use_recovery_code(ada, b"one").await.expect("used"));
    assert_eq!(tx.recovery_codes(bob).await.expect("a count"), 1, "his is his");
    tx.delete_recovery_codes(bob).await.expect("all of his");
    assert_eq!(tx.recovery_codes(bob).await.expect("a count"), 0);
    assert!(tx.delete_second_factor(ada).await.expect("it was on"));
    assert!(!tx.delete_second_factor(ada).await.expect("it is off"));
    assert_eq!(tx.recovery_codes(ada).await.expect("a count"), 0);
}

async fn a_step_counts_once_and_none_before_it(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let mut tx = database.begin().await;
    tx.insert_second_factor(ada, b"sealed", Step::new(7), at(1)).await.expect("a row");
    let mut used = Vec::new();
    for step in [7, 8, 8, 7, 9, 8] {
        used.push(tx.use_step(ada, Step::new(step)).await.expect("a row or none"));
    }
    assert_eq!(used, [false, true, false, false, true, false]);
}

async fn a_half_sign_in_waits_ten_minutes(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let mut tx = database.begin().await;
    for token in [b"one".as_slice(), b"two", b"three"] {
        tx.insert_half_sign_in(token, ada, at(0)).await.expect("a row");
    }
    assert_eq!(tx.half_sign_in(b"one", at(599)).await.expect("a row"), Some(ada));
    assert_eq!(tx.half_sign_in(b"one", at(600)).await.expect("too late"), None);
    assert_eq!(tx.half_sign_in(b"four", at(1)).await.expect("no row"), None);
    assert!(!tx.end_half_sign_in(b"one", at(600)).await.expect("too late"));
    assert!(tx.end_half_sign_in(b"one", at(599)).await.expect("a row"));
    assert!(!tx.end_half_sign_in(b"one", at(599)).await.expect("ended before"));
    assert_eq!(tx.delete_old_half_sign_ins(at(600)).await.expect("none is older"), 0);
    assert_eq!(tx.delete_old_half_sign_ins(at(601)).await.expect("both"), 2);
    // The end of every session is theirs too.
    tx.insert_half_sign_in(b"five", ada, at(0)).await.expect("a row");
    tx.delete_sessions(ada).await.expect("none");
    assert_eq!(tx.half_sign_in(b"five", at(1)).await.expect("no row"), None);
}

fn visitor() -> By {
    By::visitor(Origin::default())
}

async fn session(world: &World, person: &Person) -> Session {
    let signed_in = world.sign_in(person).await;
    let session = world.database.read().await.session(signed_in.session.hash().as_bytes()).await;
    session.expect("a row").expect("the session")
}

/// Ada's app and one of her recovery codes.
async fn turned_on(world: &World, ada: &Person) -> (Authenticator, String) {
    let session = session(world, ada).await;
    let offer = actions::two_step::offer(&world.ctx, &session).expect("an offer");
    let app = Authenticator::told(&offer.secret.typed());
    let (password, code) = (password(), parsed::<TypedCode>(&app.code(world.ctx.now())));
    let by = By::user(ada.id, Origin::default());
    let asked = (&offer, password, &code);
    let on = actions::two_step::turn_on(&world.ctx, &by, &session, world.form(ada), asked).await;
    let on = on.expect("it is turned on").expect("the first time");
    world.clock.advance(Span::seconds(30));
    (app, on.codes[0].grouped())
}

fn password() -> TypedPassword {
    TypedPassword::parse(PASSWORD).expect("a password")
}

/// Browsers in which Ada's password was entered.
async fn half_way(world: &World, user: UserId, count: u8) -> Vec<Browser> {
    let mut browsers = Vec::new();
    let mut tx = world.database.begin().await;
    for _ in 0..count {
        let half = Token::generate();
        tx.insert_half_sign_in(half.hash().as_bytes(), user, world.ctx.now()).await.expect("a row");
        browsers.push(Browser { half: Some(half), ..Browser::default() });
    }
    tx.commit().await.expect("they hold");
    browsers
}

async fn entered_at_once(world: &World, user: UserId, code: &str) {
    let browsers = half_way(world, user, 10).await;
    let before = world.database.read().await.sessions_of(user).await.expect("rows").len();
    let outcomes = at_once(10, |racer| {
        let (ctx, browser) = (world.ctx.clone(), browsers[racer].clone());
        let code: TypedCode = parsed(code);
        async move { actions::sign_in::enter_code(&ctx, &visitor(), &browser, &code).await }
    })
    .await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1, "{outcomes:?}");
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(_) | Err(Error::Invalid(_))), "{outcome:?}");
    }
    let after = world.database.read().await.sessions_of(user).await.expect("rows").len();
    assert_eq!(after, before + 1);
    assert_eq!(world.database.audited("code_failed").await, 9);
}

async fn one_code_entered_ten_times_at_once_signs_in_once(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let (app, _) = turned_on(&world, &ada).await;
    entered_at_once(&world, ada.id, &app.code(world.ctx.now())).await;
}

async fn one_recovery_code_entered_ten_times_at_once_signs_in_once(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let (_, code) = turned_on(&world, &ada).await;
    entered_at_once(&world, ada.id, &code).await;
    assert_eq!(world.database.audited("recovery_code_used").await, 1);
}

async fn turned_on_ten_times_at_once_it_is_turned_on_once(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let session = session(&world, &ada).await;
    let form = world.form(&ada);
    let (mut shown, mut overtaken) = (0, 0);
    // Five send one form, five have one of their own.
    let outcomes = at_once(10, |racer| {
        let (ctx, session) = (world.ctx.clone(), session.clone());
        let form: FormValue = if racer < 5 { form } else { world.form(&ada) };
        let by = By::user(ada.id, Origin::default());
        async move {
            let offer = actions::two_step::offer(&ctx, &session).expect("an offer");
            let code: TypedCode = parsed(&Authenticator::told(&offer.secret.typed()).code(ctx.now()));
            actions::two_step::turn_on(&ctx, &by, &session, form, (&offer, password(), &code)).await
        }
    })
    .await;
    for outcome in outcomes {
        match outcome {
            Ok(Some(_)) => shown += 1,
            // A code at least was missing when the form had done its work, and the session went by
            // another cookie.
            Ok(None) | Err(Error::NotFound | Error::Invalid(_)) => overtaken += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((shown, overtaken), (1, 9));
    assert_eq!(world.database.read().await.recovery_codes(ada.id).await.expect("a count"), 10);
    assert_eq!(world.database.audited("two_step_turned_on").await, 1);
}

async fn thirty_codes_guessed_at_once_are_counted_before_they_are_judged(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let (app, _) = turned_on(&world, &ada).await;
    let browsers = half_way(&world, ada.id, 30).await;
    let wrong = app.wrong_code(world.ctx.now());
    let outcomes = at_once(30, |racer| {
        let (ctx, browser, code) = (world.ctx.clone(), browsers[racer].clone(), parsed::<TypedCode>(&wrong));
        async move { actions::sign_in::enter_code(&ctx, &visitor(), &browser, &code).await }
    })
    .await;
    let judged = outcomes.iter().filter(|one| matches!(one, Err(Error::Invalid(_)))).count();
    let refused = outcomes.iter().filter(|one| matches!(one, Err(Error::TooMany { .. }))).count();
    assert_eq!((judged, refused), (10, 20), "{outcomes:?}");
}
