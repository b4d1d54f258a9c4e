//! Limits on apps and subscriptions, and the names of apps, under people who act at the same
//! moment (S66).

use std::collections::BTreeSet;

use portico::{
    actions::{
        self, Conflict, Error, FormValue, Once, Policy, Result, apps::NewApp, information::IconChoice,
    },
    crypto::token::Token,
    domain::{
        account::Developer,
        app::{AppType, StateKind},
    },
};
use tokio::task::JoinSet;

use crate::support::{
    databases::{Kind, on_both},
    world::{World, at_most, information, parsed, policy, subscribing_to},
};

on_both!(
    forty_who_subscribe_at_once_make_ten_subscriptions,
    subscribing_and_deleting_at_once_never_passes_ten,
    an_account_has_no_more_apps_than_it_may,
    a_name_taken_by_many_at_once_in_any_spelling_goes_to_one,
    apps_that_swap_names_at_once_do_not_wait_for_each_other,
    a_form_sent_ten_times_at_once_works_once,
    an_app_activated_ten_times_at_once_is_activated_once,
);

/// Does a thing `times` times at once; what came of each, in no order.
pub(crate) async fn at_once<T, F>(times: usize, mut start: impl FnMut(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut racers: JoinSet<T> = (0..times).map(&mut start).collect();
    let mut outcomes = Vec::new();
    while let Some(outcome) = racers.join_next().await {
        outcomes.push(outcome.expect("no panic"));
    }
    outcomes
}

/// How many came off, if all others were refused by this conflict.
pub(crate) fn came_off<T>(outcomes: &[Result<T>], conflict: &Conflict) -> usize {
    let other = |outcome: &&Result<T>| match outcome {
        Ok(_) => false,
        Err(Error::Conflict(was)) => was != conflict,
        Err(_) => true,
    };
    let other = outcomes.iter().find(other).and_then(|outcome| outcome.as_ref().err());
    assert!(other.is_none(), "{other:?}");
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

async fn forty_who_subscribe_at_once_make_ten_subscriptions(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.webhook_app(&ada, "Relay").await;
    let outcomes = at_once(40, |_| {
        let (ctx, acting, app) = (world.ctx.clone(), world.acting::<Developer>(&ada), app.clone());
        let form = world.form(&ada);
        async move {
            let new = subscribing_to(&["meeting.started", "meeting.ended"]);
            actions::subscriptions::create(&ctx, &acting, &app, form, &new).await
        }
    })
    .await;
    assert_eq!(came_off(&outcomes, &Conflict::SubscriptionLimit { max: 10 }), 10);
    let mut conn = world.database.read().await;
    let subscriptions = conn.subscriptions(app.account, app.id).await.expect("rows");
    assert_eq!(subscriptions.len(), 10);
    for subscription in subscriptions {
        let secrets =
            conn.signing_secrets(app.account, subscription.id, world.ctx.now()).await.expect("rows");
        assert_eq!(secrets.len(), 1, "each with its secret, none torn");
    }
}

async fn subscribing_and_deleting_at_once_never_passes_ten(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.webhook_app(&ada, "Relay").await;
    let mut first = Vec::new();
    for _ in 0..10 {
        first.push(world.subscription(&ada, &app).await);
    }
    // Ten go while thirty come, and one looks on.
    let most_seen = at_once(41, |racer| {
        let (ctx, acting, app) = (world.ctx.clone(), world.acting::<Developer>(&ada), app.clone());
        let (form, old) = (world.form(&ada), first.get(racer).copied());
        let store = world.database.store.clone();
        async move {
            if racer == 40 {
                let mut most = 0;
                for _ in 0..40 {
                    let mut conn = store.read().await.expect("a connection");
                    most = most.max(conn.subscription_count(app.account, app.id).await.expect("a count"));
                }
                return most;
            }
            if let Some(old) = old {
                actions::subscriptions::delete(&ctx, &acting, &app, old).await.expect("it goes");
                return 0;
            }
            let new = subscribing_to(&["user.created"]);
            let outcome = actions::subscriptions::create(&ctx, &acting, &app, form, &new).await;
            came_off(&[outcome], &Conflict::SubscriptionLimit { max: 10 });
            0
        }
    })
    .await;
    let most_seen = most_seen.into_iter().max().expect("the one who looked on");
    let left = world.database.read().await.subscription_count(app.account, app.id).await.expect("a count");
    assert!(most_seen <= 10 && left <= 10, "{most_seen} seen, {left} left");
}

async fn an_account_has_no_more_apps_than_it_may(kind: Kind) {
    let world = World::under(kind, Policy { max_apps: at_most(5), ..policy() }).await;
    let ada = world.user("ada@meridian.example").await;
    let outcomes = at_once(30, |racer| {
        let (ctx, acting, form) = (world.ctx.clone(), world.acting::<Developer>(&ada), world.form(&ada));
        async move {
            let new = NewApp { app_type: AppType::Jwt, name: parsed(&format!("Relay {racer}")) };
            actions::apps::create(&ctx, &acting, form, &new).await
        }
    })
    .await;
    assert_eq!(came_off(&outcomes, &Conflict::AppLimit { max: 5 }), 5);
    assert_eq!(world.database.read().await.app_count(ada.account).await.expect("a count"), 5);
}

async fn a_name_taken_by_many_at_once_in_any_spelling_goes_to_one(kind: Kind) {
    let world = World::new(kind).await;
    // Of different accounts, so that no lock but the name's stands between them.
    let mut people = Vec::new();
    for (number, name) in (0..).zip(["Relay", "RELAY", "Ｒｅｌａｙ", "re\u{301}lay", "rélay", " relay  "])
    {
        people.push((world.user(&format!("ada{number}@meridian.example")).await, name));
    }
    let outcomes = at_once(people.len(), |racer| {
        let (person, name) = people.get(racer).expect("a person");
        let (ctx, acting, form) = (world.ctx.clone(), world.acting::<Developer>(person), world.form(person));
        let new = NewApp { app_type: AppType::Jwt, name: parsed(name) };
        async move { (new.name.key(), actions::apps::create(&ctx, &acting, form, &new).await) }
    })
    .await;
    let mut taken = Vec::new();
    for (key, outcome) in outcomes {
        match outcome {
            Ok(_) => taken.push(key.as_str().to_owned()),
            Err(Error::Invalid(fields)) => assert!(fields.get("name").is_some()),
            Err(other) => panic!("{other:?}"),
        }
    }
    taken.sort_unstable();
    assert_eq!(taken, ["relay", "rélay"]);
    for (person, _) in &people {
        let apps = world.database.read().await.app_count(person.account).await.expect("a count");
        let pair =
            actions::credentials::pair(&world.ctx, &world.acting::<Developer>(person)).await.expect("a pair");
        assert!(apps <= 1 && pair.current.is_some());
    }
}

async fn apps_that_swap_names_at_once_do_not_wait_for_each_other(kind: Kind) {
    let world = World::new(kind).await;
    let mut apps = Vec::new();
    for number in 0..6 {
        let person = world.user(&format!("ada{number}@meridian.example")).await;
        let app = world.jwt_app(&person, &format!("Relay {number}")).await;
        apps.push((person, app.id));
    }
    for round in 0..5 {
        let outcomes = at_once(apps.len(), |racer| {
            let (person, app) = apps.get(racer).expect("an app").clone();
            let (ctx, acting) = (world.ctx.clone(), world.acting::<Developer>(&person));
            // Everybody wants what the next one has.
            let wanted = information(&format!("Relay {}", (racer + 1 + round) % 6));
            async move { actions::information::save(&ctx, &acting, app, wanted, IconChoice::Keep).await }
        })
        .await;
        for outcome in outcomes {
            match outcome {
                Ok(()) => {}
                Err(Error::Invalid(fields)) => assert!(fields.get("name").is_some()),
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    let mut names = BTreeSet::new();
    for (person, app) in &apps {
        let app = actions::apps::seen_by(&world.ctx, person.id, *app).await.expect("its owner sees it");
        assert!(names.insert(app.information.name.to_string()), "{} twice", app.information.name);
    }
}

async fn a_form_sent_ten_times_at_once_works_once(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let form = world.form(&ada);
    let outcomes = at_once(10, |_| {
        let (ctx, acting) = (world.ctx.clone(), world.acting::<Developer>(&ada));
        async move {
            let new = NewApp { app_type: AppType::Jwt, name: parsed("Relay") };
            actions::apps::create(&ctx, &acting, form, &new).await
        }
    })
    .await;
    let made: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect("all are told the same")).collect();
    assert_eq!(made.iter().filter(|once| matches!(once, Once::Now(_))).count(), 1);
    let apps: BTreeSet<_> = made.into_iter().map(Once::into_inner).collect();
    assert_eq!(apps.len(), 1);
    assert_eq!(world.database.read().await.app_count(ada.account).await.expect("a count"), 1);

    // Another user's form of the same value is another form.
    let value = Token::generate();
    let bob = world.user("bob@meridian.example").await;
    for (person, name) in [(&ada, "Ada's"), (&bob, "Bob's")] {
        let new = NewApp { app_type: AppType::Jwt, name: parsed(name) };
        let form = FormValue::new(person.id, value.expose());
        let made = actions::apps::create(&world.ctx, &world.acting(person), form, &new).await;
        assert!(matches!(made, Ok(Once::Now(_))), "{made:?}");
    }
}

async fn an_app_activated_ten_times_at_once_is_activated_once(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.jwt_app(&ada, "Relay").await;
    let acting = world.acting(&ada);
    let saved =
        actions::information::save(&world.ctx, &acting, app.id, information("Relay"), IconChoice::Keep);
    saved.await.expect("the information is saved");
    let outcomes = at_once(10, |_| {
        let (ctx, acting, id) = (world.ctx.clone(), world.acting::<Developer>(&ada), app.id);
        async move { actions::activation::activate(&ctx, &acting, id).await }
    })
    .await;
    let active = Conflict::State(StateKind::Active);
    assert_eq!(came_off(&outcomes, &active), 1);
}
