//! The end of grants with their app, under people who end them at the same moment.

use portico::{
    actions::{Conflict, Error, apps, deletion, oauth::grants, remains, subscriptions},
    domain::{
        account::{Developer, Owner},
        app::App,
        grant::Grant,
        id::{AccountId, GrantId},
        time::Span,
    },
};

use crate::{
    races::at_once,
    rows::account,
    support::{
        databases::{Kind, on_both},
        world::{Person, World, parsed, subscribing_to},
    },
};

on_both!(
    what_was_granted_to_a_deleted_app_is_written_down_some_at_a_time,
    a_deleted_app_is_gone_for_its_users_before_its_grants_are_cleared,
    grants_that_end_while_their_app_is_deleted_wait_for_nobody,
    an_account_is_deleted_with_what_its_own_apps_were_granted,
);

async fn grant(world: &World, app: &App, user: &Person, account: AccountId) -> GrantId {
    let (id, now) = (world.ctx.new_id(), world.ctx.now());
    let scopes = parsed("meeting:read");
    let grant = Grant { id, app: app.id, user: user.id, account, scopes, created_at: now, agreed_at: now };
    let mut tx = world.database.begin().await;
    tx.insert_grant(&grant).await.expect("a grant");
    tx.commit().await.expect("it holds");
    id
}

/// The accounts in whose log the end of a grant stands, why, and who ended it.
async fn ends(world: &World) -> Vec<String> {
    let reason = match world.database.kind() {
        Kind::Sqlite => "(detail ->> 'why')",
        Kind::Postgres => "(cast(detail as json) ->> 'why')",
    };
    let sql =
        format!("select actor || ' ' || {reason} from audit_log where action = 'grant_ended' order by 1");
    world.database.texts(&sql).await
}

async fn clear(world: &World) -> usize {
    let mut steps = 1;
    while remains::go_on(&world.ctx).await.expect("a step") {
        steps += 1;
    }
    steps
}

async fn what_was_granted_to_a_deleted_app_is_written_down_some_at_a_time(kind: Kind) {
    let world = World::new(kind).await;
    let maker = world.user("maker@atlas.example").await;
    let (ada, database) = (world.user("ada@meridian.example").await, &world.database);
    let atlas = world.oauth_app(&maker, "Atlas", "meeting:read").await.app;
    let other = world.oauth_app(&maker, "Other", "meeting:read").await.app;
    for _ in 0..249 {
        let account = account(database).await;
        grant(&world, &atlas, &ada, account).await;
    }
    grant(&world, &atlas, &ada, ada.account).await;
    grant(&world, &other, &ada, ada.account).await;
    apps::delete(&world.ctx, &world.acting::<Owner>(&maker), atlas.id, "Atlas").await.expect("deleted");
    assert_eq!((database.count("grants", "true").await, ends(&world).await.len()), (251, 0));
    assert!(clear(&world).await >= 3, "it is not all done at once");
    assert_eq!(database.count("grants", "true").await, 1, "the other app's");
    assert_eq!(ends(&world).await, vec!["system app_deleted"; 250]);
    let chains =
        database.texts("select count(distinct chain) || '' from audit_log where action = 'grant_ended'");
    assert_eq!(chains.await, ["250"], "each in the log of its account");
    let details = database.texts("select detail from audit_log where action = 'grant_ended'").await;
    assert!(details.iter().all(|detail| detail.contains(r#""name":"Atlas""#)), "{}", details[0]);
    assert_eq!(database.count("events", "true").await, 0, "nobody is left to be told");
    world.clock.advance(Span::seconds(61));
    clear(&world).await;
    assert_eq!(database.count("remains", "true").await, 0);
}

async fn a_deleted_app_is_gone_for_its_users_before_its_grants_are_cleared(kind: Kind) {
    let world = World::new(kind).await;
    let (maker, ada) = (world.user("maker@atlas.example").await, world.user("ada@meridian.example").await);
    let atlas = world.oauth_app(&maker, "Atlas", "meeting:read").await.app;
    let id = grant(&world, &atlas, &ada, ada.account).await;
    apps::delete(&world.ctx, &world.acting::<Owner>(&maker), atlas.id, "Atlas").await.expect("deleted");
    let signed_in = world.database.read().await.user(ada.id).await.expect("a read").expect("Ada").user;
    let (listed, scopes) = grants::of_user(&world.ctx, &signed_in, None).await.expect("a list");
    assert_eq!((listed.rows.len(), scopes.len()), (0, 0));
    let revoked = grants::revoke(&world.ctx, &world.acting::<Owner>(&ada).by(), &signed_in, id).await;
    assert!(matches!(revoked, Err(Error::NotFound)), "{revoked:?}");
    // Whatever else ends it meanwhile, it ended for that.
    let owner = world.acting::<Owner>(&ada);
    deletion::delete_account(&world.ctx, &owner, "ada@meridian.example").await.expect("deleted");
    assert_eq!(ends(&world).await, ["system app_deleted"]);
    clear(&world).await;
    assert_eq!(ends(&world).await.len(), 1);
}

async fn grants_that_end_while_their_app_is_deleted_wait_for_nobody(kind: Kind) {
    let world = World::new(kind).await;
    let (maker, ada) = (world.user("maker@atlas.example").await, world.user("ada@meridian.example").await);
    let user = world.database.read().await.user(ada.id).await.expect("a read").expect("Ada").user;
    for round in 0..5 {
        let name = format!("Atlas {round}");
        let atlas = world.oauth_app(&maker, &name, "meeting:read").await.app;
        let acting = world.acting::<Developer>(&maker);
        subscriptions::toggle(&world.ctx, &acting, &atlas, true).await.expect("events are on");
        let (form, new) = (world.form(&maker), subscribing_to(&["app.deauthorized"]));
        subscriptions::create(&world.ctx, &acting, &atlas, form, &new).await.expect("a subscription");
        let mut given = Vec::new();
        for _ in 0..12 {
            let account = account(&world.database).await;
            given.push(grant(&world, &atlas, &ada, account).await);
        }
        let outcomes = at_once(14, |racer| {
            let (ctx, user, name, atlas) = (world.ctx.clone(), user.clone(), name.clone(), atlas.clone());
            let (owner, by) = (world.acting::<Owner>(&maker), world.acting::<Owner>(&ada).by());
            let grant = given.get(racer).copied();
            async move {
                match (grant, racer) {
                    (Some(grant), _) => grants::revoke(&ctx, &by, &user, grant).await,
                    (None, 12) => apps::delete(&ctx, &owner, atlas.id, &name).await,
                    (None, _) => remains::go_on(&ctx).await.map(|_| ()),
                }
            }
        })
        .await;
        for outcome in outcomes {
            assert!(matches!(outcome, Ok(()) | Err(Error::NotFound)), "{outcome:?}");
        }
        clear(&world).await;
        assert_eq!(world.database.count("grants", "true").await, 0);
        assert_eq!(ends(&world).await.len(), 12 * (round + 1), "each once");
    }
}

async fn an_account_is_deleted_with_what_its_own_apps_were_granted(kind: Kind) {
    let world = World::new(kind).await;
    let (maker, ada) = (world.user("maker@atlas.example").await, world.user("ada@meridian.example").await);
    let atlas = world.oauth_app(&maker, "Atlas", "meeting:read").await.app;
    let theirs = world.oauth_app(&ada, "Theirs", "meeting:read").await.app;
    grant(&world, &atlas, &maker, maker.account).await;
    grant(&world, &theirs, &maker, maker.account).await;
    grant(&world, &atlas, &ada, ada.account).await;
    let owner = world.acting::<Owner>(&maker);
    let wrong = deletion::delete_account(&world.ctx, &owner, "").await;
    assert!(matches!(wrong, Err(Error::Invalid(_))), "{wrong:?}");
    deletion::delete_account(&world.ctx, &owner, "maker@atlas.example").await.expect("deleted");
    assert_eq!(ends(&world).await, ["user account_deleted", "user account_deleted"]);
    clear(&world).await;
    assert_eq!(
        ends(&world).await,
        ["system app_deleted", "user account_deleted", "user account_deleted"],
        "Ada's, of whose account the log tells that the app is gone"
    );
    let again = apps::delete(&world.ctx, &owner, atlas.id, "Atlas").await;
    assert!(matches!(again, Err(Error::NotFound | Error::Conflict(Conflict::Overtaken))), "{again:?}");
}
