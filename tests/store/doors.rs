//! Ways in that many try at the same moment: sign-ins, sign-ups and links (S6, S10, S66).

use portico::{
    actions::{
        self, By, Error, FormValue,
        sign_in::Browser,
        sign_up::{NewSignUp, SignedUp},
    },
    crypto::token::Token,
    domain::{
        audit::Origin,
        password::{NewPassword, PasswordContext, TypedPassword},
        time::Span,
        user::LinkKind,
    },
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
    for outcome in outcomes {
        let SignedUp::In(session) = outcome.expect("all are signed in") else { panic!("signed in at once") };
        let who = actions::sign_in::signed_in(&world.ctx, &session.session).await.expect("a session");
        assert_eq!(who.expect("a session").user.email.as_str(), "ada@x.example");
    }
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
        async move {
            let new = sign_up(&format!("admin{racer}@x.example"), PASSWORD);
            actions::setup::make_first_admin(&ctx, &visitor(), &Browser::default(), &token, new).await
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
