//! Admins who act on each other, and on one user, at the same moment (S66): one is always left.

use portico::{
    actions::{
        self, By, Conflict, Error, FormValue,
        admin::{AsAdmin, accounts, apps, event_types, platform_keys, users},
        confirm::Proof,
        deletion, sign_in,
        sign_in::Browser,
    },
    domain::{audit::Origin, event_type::NewEventType, password::TypedPassword},
};

use crate::{
    races::{at_once, came_off},
    support::{
        databases::{Kind, on_both},
        world::{PASSWORD, Person, World, parsed},
    },
};

on_both!(
    two_admins_who_remove_each_other_at_once_leave_one,
    two_admins_who_disable_each_other_at_once_leave_one,
    an_admin_who_is_removed_while_they_delete_themselves_leaves_one,
    of_many_admins_who_disable_one_user_at_once_one_does,
    no_session_begins_while_the_user_is_disabled,
    who_is_an_admin_no_more_does_nothing,
    no_key_is_made_after_its_maker_was_removed,
);

async fn two_admins(world: &World) -> [(Person, AsAdmin); 2] {
    let (one, other) = (world.admin("one@x.example").await, world.admin("other@x.example").await);
    let (as_one, as_other) = (world.as_admin(&one).await, world.as_admin(&other).await);
    [(one, as_one), (other, as_other)]
}

async fn admins_left(world: &World) -> i64 {
    world.database.read().await.admins().await.expect("a count")
}

/// One came off; the other one is an admin no more, and finds nothing.
fn one_found_nothing(outcomes: &[actions::Result<()>]) {
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let gone = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::NotFound))).count();
    assert_eq!((done, gone), (1, 1), "{outcomes:?}");
}

async fn two_admins_who_remove_each_other_at_once_leave_one(kind: Kind) {
    for _ in 0..4 {
        let world = World::new(kind).await;
        let admins = two_admins(&world).await;
        let outcomes = at_once(2, |racer| {
            let ctx = world.ctx.clone();
            let (acting, target) = (admins[racer].1.clone(), admins[1 - racer].0.id);
            async move { users::remove_admin(&ctx, &acting, target).await }
        })
        .await;
        one_found_nothing(&outcomes);
        assert_eq!(admins_left(&world).await, 1);
        assert_eq!(world.database.audited("admin_removed").await, 1);
    }
}

async fn two_admins_who_disable_each_other_at_once_leave_one(kind: Kind) {
    let world = World::new(kind).await;
    let admins = two_admins(&world).await;
    let outcomes = at_once(2, |racer| {
        let ctx = world.ctx.clone();
        let (acting, target) = (admins[racer].1.clone(), admins[1 - racer].0.id);
        async move { users::disable(&ctx, &acting, target).await }
    })
    .await;
    one_found_nothing(&outcomes);
    assert_eq!(admins_left(&world).await, 1);
}

async fn an_admin_who_is_removed_while_they_delete_themselves_leaves_one(kind: Kind) {
    let world = World::new(kind).await;
    let [(one, as_one), (other, _)] = two_admins(&world).await;
    let session = world.sign_in(&one).await;
    let who = sign_in::signed_in(&world.ctx, &session.session, &Browser::default())
        .await
        .expect("a read")
        .expect("a session");
    let outcomes = at_once(2, |racer| {
        let (ctx, acting, session) = (world.ctx.clone(), as_one.clone(), who.session.clone());
        let (one, other) = (one.id, other.id);
        async move {
            if racer == 0 {
                return users::remove_admin(&ctx, &acting, other).await;
            }
            let by = By::user(one, Origin::default());
            let password = TypedPassword::parse(PASSWORD).expect("a password");
            deletion::delete_user(&ctx, &by, &session, Proof { password, code: None }).await
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().err()).expect("one was refused");
    assert!(matches!(refused, Error::NotFound | Error::Conflict(Conflict::LastAdmin)), "{refused:?}");
    assert_eq!(admins_left(&world).await, 1);
}

async fn of_many_admins_who_disable_one_user_at_once_one_does(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@x.example").await;
    let mut admins = Vec::new();
    for number in 0..6 {
        let admin = world.admin(&format!("root{number}@x.example")).await;
        admins.push(world.as_admin(&admin).await);
    }
    let outcomes = at_once(admins.len(), |racer| {
        let (ctx, acting) = (world.ctx.clone(), admins[racer].clone());
        async move { users::disable(&ctx, &acting, ada.id).await }
    })
    .await;
    assert_eq!(came_off(&outcomes, &Conflict::Overtaken), 1);
    assert_eq!(world.database.audited("user_disabled").await, 1);
}

async fn no_session_begins_while_the_user_is_disabled(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@x.example").await;
    let root = world.admin("root@x.example").await;
    let acting = world.as_admin(&root).await;
    let outcomes = at_once(5, |racer| {
        let (ctx, acting, email, id) = (world.ctx.clone(), acting.clone(), ada.email.clone(), ada.id);
        async move {
            if racer == 2 {
                return users::disable(&ctx, &acting, id).await;
            }
            let password = TypedPassword::parse(PASSWORD).expect("a password");
            let by = By::visitor(Origin::default());
            sign_in::sign_in(&ctx, &by, &Browser::default(), &email, password).await.map(|_| ())
        }
    })
    .await;
    // Unavailable: its turn to be checked did not come in time.
    let expected = |outcome: &actions::Result<()>| {
        matches!(outcome, Ok(()) | Err(Error::Invalid(_) | Error::Unavailable(_)))
    };
    assert!(outcomes.iter().all(expected), "{outcomes:?}");
    assert!(world.database.read().await.sessions_of(ada.id).await.expect("rows").is_empty());
}

/// The proof was made when the request began.
async fn who_is_an_admin_no_more_does_nothing(kind: Kind) {
    let world = World::new(kind).await;
    let [(one, late), (_, as_other)] = two_admins(&world).await;
    let app = world.jwt_app(&world.user("ada@x.example").await, "Relay").await;
    let (ctx, form) = (&world.ctx, FormValue::of_visitor(""));
    users::remove_admin(ctx, &as_other, one.id).await.expect("removed");
    let before = world.database.dump().await;
    let new = NewEventType {
        name: parsed("invoice.paid"),
        group: parsed("Invoices"),
        description: parsed("Something happened"),
        example: parsed("{}"),
        scope: None,
    };
    let (reason, known) = (parsed("Spam."), parsed("user.created"));
    let outcomes = [
        apps::suspend(ctx, &late, app.id, &reason).await,
        apps::reinstate(ctx, &late, app.id, None).await,
        apps::rename(ctx, &late, app.id, None, &parsed("Other")).await,
        accounts::approve(ctx, &late, app.account).await,
        accounts::suspend(ctx, &late, app.account, &reason).await,
        accounts::reinstate(ctx, &late, app.account, None).await,
        accounts::set_external_id(ctx, &late, app.account, None, Some(&parsed("crm-7"))).await,
        event_types::create(ctx, &late, form, &new).await.map(drop),
        event_types::save(ctx, &late, None, &new).await,
        event_types::retire(ctx, &late, None, &known).await,
        event_types::bring_back(ctx, &late, None, &known).await,
        event_types::delete(ctx, &late, None, &known).await,
        platform_keys::make(ctx, &late, form, parsed("Publisher")).await.map(drop),
        users::disable(ctx, &late, as_other.admin.user()).await,
    ];
    for (number, outcome) in outcomes.iter().enumerate() {
        assert!(matches!(outcome, Err(Error::NotFound)), "{number}: {outcome:?}");
    }
    assert_eq!(world.database.dump().await, before);
}

async fn no_key_is_made_after_its_maker_was_removed(kind: Kind) {
    for _ in 0..4 {
        let world = World::new(kind).await;
        let [(one, as_one), (_, as_other)] = two_admins(&world).await;
        let form = world.form(&one);
        let mut outcomes = at_once(2, |racer| {
            let (ctx, as_one, as_other) = (world.ctx.clone(), as_one.clone(), as_other.clone());
            let one = one.id;
            async move {
                let outcome = if racer == 0 {
                    users::remove_admin(&ctx, &as_other, one).await
                } else {
                    platform_keys::make(&ctx, &as_one, form, parsed("Publisher")).await.map(drop)
                };
                (racer, outcome)
            }
        })
        .await;
        outcomes.sort_by_key(|(racer, _)| *racer);
        let log = "select action from audit_log where action in ('admin_removed', 'platform_key_made') order by seq";
        let log = world.database.texts(log).await;
        match outcomes.as_slice() {
            [(_, Ok(())), (_, Ok(()))] => assert_eq!(log, ["platform_key_made", "admin_removed"]),
            [(_, Ok(())), (_, Err(Error::NotFound))] => assert_eq!(log, ["admin_removed"]),
            other => panic!("{other:?}"),
        }
    }
}
