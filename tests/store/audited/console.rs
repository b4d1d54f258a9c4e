//! What the platform's staff do; and a scene of things that could be done at one moment.

use portico::{
    actions::{
        Result, accounts, activation,
        admin::{AsAdmin, accounts as every_account, apps as every_app, event_types, platform_keys, users},
        catalog, credentials, members, settings, subscriptions,
    },
    domain::{
        account::{Developer, Owner, Role},
        app::App,
        event_type::{EventTypeName, NewEventType},
        overlap::KeepOld,
    },
};

use super::{Walk, by};
use crate::support::world::{Person, World, parsed, subscribing_to};

pub(super) async fn walk(walk: &mut Walk) {
    let (root, ada) = (walk.world.admin("boss@x.example").await, walk.world.user("fay@x.example").await);
    let app = walk.world.jwt_app(&ada, "Bridge").await;
    let acting = walk.world.as_admin(&root).await;
    walk.past().await;
    apps_and_accounts(walk, &acting, &app).await;
    people(walk, &acting, &ada).await;
    catalog_of_events(walk, &root, &acting).await;
    let form = walk.world.form(&root);
    let ctx = walk.world.ctx.clone();
    platform_keys::make(&ctx, &acting, form, parsed("Publisher")).await.expect("a key");
    walk.left(&["platform_key_made"]).await;
    let keys = platform_keys::list(&ctx, &acting).await.expect("rows");
    platform_keys::revoke(&ctx, &acting, keys[0].facts.id).await.expect("revoked");
    walk.left(&["platform_key_revoked"]).await;
}

async fn apps_and_accounts(walk: &mut Walk, acting: &AsAdmin, app: &App) {
    let ctx = walk.world.ctx.clone();
    let reason = parsed("Spam.");
    every_app::suspend(&ctx, acting, app.id, &reason).await.expect("suspended");
    walk.left(&["app_suspended"]).await;
    every_app::reinstate(&ctx, acting, app.id, None).await.expect("reinstated");
    walk.left(&["app_reinstated"]).await;
    every_app::rename(&ctx, acting, app.id, None, &parsed("Courier")).await.expect("another name");
    walk.left(&["app_renamed"]).await;
    walk.world.database.set("accounts", &app.account, "standing = 'pending'").await;
    every_account::approve(&ctx, acting, app.account).await.expect("approved");
    walk.left(&["account_approved"]).await;
    every_account::suspend(&ctx, acting, app.account, &reason).await.expect("suspended");
    walk.left(&["account_suspended"]).await;
    every_account::reinstate(&ctx, acting, app.account, None).await.expect("reinstated");
    walk.left(&["account_reinstated"]).await;
    let id = parsed("crm-7");
    every_account::set_external_id(&ctx, acting, app.account, None, Some(&id)).await.expect("an id");
    walk.left(&["account_external_id_changed"]).await;
}

async fn people(walk: &mut Walk, acting: &AsAdmin, ada: &Person) {
    let ctx = walk.world.ctx.clone();
    let session = walk.session(ada).await;
    walk.session(ada).await;
    walk.past().await;
    users::end_session(&ctx, acting, ada.id, session.id).await.expect("ended");
    walk.left(&["user_session_ended"]).await;
    users::end_sessions(&ctx, acting, ada.id).await.expect("ended");
    walk.left(&["user_sessions_ended"]).await;
    users::make_admin(&ctx, acting, ada.id).await.expect("an admin");
    walk.left(&["admin_made"]).await;
    users::remove_admin(&ctx, acting, ada.id).await.expect("none");
    walk.left(&["admin_removed"]).await;
    users::disable(&ctx, acting, ada.id).await.expect("disabled");
    walk.left(&["user_disabled"]).await;
    users::enable(&ctx, acting, ada.id).await.expect("enabled");
    walk.left(&["user_enabled"]).await;
}

fn event_type(description: &str) -> NewEventType {
    NewEventType {
        name: parsed("invoice.paid"),
        group: parsed("Invoices"),
        description: parsed(description),
        example: parsed("{}"),
        scope: None,
    }
}

async fn catalog_of_events(walk: &mut Walk, root: &Person, acting: &AsAdmin) {
    let ctx = walk.world.ctx.clone();
    let name: EventTypeName = parsed("invoice.paid");
    let form = walk.world.form(root);
    event_types::create(&ctx, acting, form, &event_type("An invoice was paid")).await.expect("a type");
    walk.left(&["event_type_created"]).await;
    event_types::save(&ctx, acting, None, &event_type("Somebody paid")).await.expect("another");
    walk.left(&["event_type_changed"]).await;
    event_types::retire(&ctx, acting, None, &name).await.expect("retired");
    walk.left(&["event_type_retired"]).await;
    event_types::bring_back(&ctx, acting, None, &name).await.expect("offered again");
    walk.left(&["event_type_brought_back"]).await;
    event_types::delete(&ctx, acting, None, &name).await.expect("gone");
    walk.left(&["event_type_deleted"]).await;
    let mut turned: Vec<_> = catalog::list(&ctx).await.expect("rows");
    turned.reverse();
    let listed = turned.into_iter().map(|one| catalog::Listed {
        event_type: NewEventType {
            name: one.name,
            group: one.group,
            description: one.description,
            example: one.example,
            scope: one.scope,
        },
        retired: None,
        scope: catalog::ListedScopeOf::Said,
    });
    let file = catalog::File { scopes: Vec::new(), event_types: listed.collect() };
    catalog::import(&ctx, &file).await.expect("read");
    walk.left(&["event_types_reordered"]).await;
}

/// People and things, and what could be done with them at one moment.
pub(super) struct Scene {
    root: Person,
    acting: AsAdmin,
    ada: Person,
    colleague: Person,
    app: App,
    subscription: portico::domain::id::SubscriptionId,
}

impl Scene {
    pub(super) async fn new(world: &World) -> Self {
        let (root, ada) = (world.admin("root@x.example").await, world.user("ada@x.example").await);
        let colleague = world.colleague("bo@x.example", &ada).await;
        let app = world.jwt_app(&ada, "Relay").await;
        let app = world.activate(&ada, &app).await;
        let subscription = world.subscription(&ada, &app).await;
        world.sign_in(&colleague).await;
        Self { acting: world.as_admin(&root).await, root, ada, colleague, app, subscription }
    }

    /// Each tried once.
    pub(super) async fn attempts(&self, world: &World) -> Vec<Result<()>> {
        let Self { root, acting, ada, colleague, app, subscription } = self;
        let (ctx, edit, own) = (&world.ctx, world.acting::<Developer>(ada), world.acting::<Owner>(ada));
        let (reason, form) = (parsed("Spam."), || world.form(ada));
        vec![
            every_app::suspend(ctx, acting, app.id, &reason).await,
            every_app::rename(ctx, acting, app.id, None, &parsed("Courier")).await,
            every_account::suspend(ctx, acting, app.account, &reason).await,
            every_account::set_external_id(ctx, acting, app.account, None, Some(&parsed("crm-7"))).await,
            users::disable(ctx, acting, colleague.id).await,
            users::make_admin(ctx, acting, colleague.id).await,
            users::end_sessions(ctx, acting, colleague.id).await,
            platform_keys::make(ctx, acting, world.form(root), parsed("Publisher")).await.map(drop),
            event_types::create(ctx, acting, world.form(root), &event_type("Paid")).await.map(drop),
            members::set_role(ctx, &own, colleague.id, Role::Owner).await,
            members::remove(ctx, &own, colleague.id).await,
            accounts::rename(ctx, &own, &parsed("Other")).await,
            settings::rename(ctx, &by(ada), ada.id, &parsed("Other")).await,
            activation::deactivate(ctx, &edit, app.id).await,
            credentials::reveal(ctx, &edit, app).await.map(drop),
            credentials::regenerate(ctx, &own, app, form(), KeepOld::No).await.map(drop),
            subscriptions::create(ctx, &edit, app, form(), &subscribing_to(&["user.created"]))
                .await
                .map(drop),
            subscriptions::rotate(ctx, &edit, app, *subscription, form(), KeepOld::No).await.map(drop),
            subscriptions::delete(ctx, &edit, app, *subscription).await,
        ]
    }
}
