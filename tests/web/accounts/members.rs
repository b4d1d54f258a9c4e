//! `/account/members/{user}` and `/account/leave`

use portico::{
    actions::{
        Error,
        admin::users,
        credentials,
        invitations::{self, NewInvitation},
    },
    domain::account::{Developer, Role},
};

use crate::{
    apps::Flow,
    support::{
        client::Client,
        databases::{Kind, on_both},
        world::{Person, parsed},
    },
};

on_both!(
    another_role_holds_at_the_next_request,
    a_removed_member_finds_nothing_and_keeps_their_other_accounts,
    what_a_member_saw_is_listed_until_it_is_replaced,
    the_last_owner_stays,
    ownership_passes_on,
    who_left_their_last_account_is_led_to_a_new_one,
    the_invitations_of_an_owner_who_goes_are_void,
    the_invitations_of_an_owner_who_is_disabled_are_void,
    members_of_another_account_are_not_there,
);

fn page_of(person: &Person) -> String {
    format!("/account/members/{}", person.id)
}

/// Presses a button of a page that carries nothing but its form.
async fn press(client: &Client, page: &str, action: &str) -> String {
    client.fill(page, action, &[]).await.location()
}

async fn another_role_holds_at_the_next_request(kind: Kind) {
    let flow = Flow::new(kind).await;
    let bo = flow.portal.world.colleague("bo@meridian.example", &flow.ada).await;
    let theirs = flow.portal.signed_in(&bo).await;
    theirs.visit("/apps/new").await;
    let page = page_of(&bo);
    assert!(flow.client.visit("/account").await.has(&format!("a[href='{page}']")));
    assert!(!theirs.visit("/account").await.has(&format!("a[href='{page}']")));
    let role = format!("{page}/role");
    assert_eq!(flow.client.fill(&page, &role, &[("role", "viewer")]).await.location(), page);
    assert_eq!(theirs.get("/apps/new").await.status, 404);
    assert!(theirs.visit("/account").await.says("You are a viewer here."));
    let wrong = flow.client.fill(&page, &role, &[("role", "admin")]).await;
    assert_eq!(wrong.errors()["role"], "Choose owner, developer or viewer.");
    // The same role again is no change.
    flow.client.fill(&page, &role, &[("role", "viewer")]).await;
    let rows = "select detail from audit_log where action = 'role_changed'";
    let rows = flow.portal.world.database.texts(rows).await;
    assert_eq!(
        rows,
        [format!(r#"{{"user":"{}","email":"{}","from":"developer","to":"viewer"}}"#, bo.id, bo.email)]
    );
}

async fn a_removed_member_finds_nothing_and_keeps_their_other_accounts(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let bo = flow.portal.world.user("bo@other.example").await;
    flow.portal.world.invite(&flow.ada, "bo@other.example", Role::Developer).await;
    let letters = flow.portal.letters().await;
    let link = letters.last().expect("a letter").link(&flow.portal);
    let theirs = flow.portal.signed_in(&bo).await;
    assert_eq!(press(&theirs, &link, &link).await, "/apps");
    let page = format!("/apps/{}", app.id);
    let stale = theirs.visit("/apps/new").await.form("/apps").with("name", "Late").with("app_type", "jwt");
    theirs.visit(&page).await;

    let member = page_of(&bo);
    assert_eq!(press(&flow.client, &member, &format!("{member}/remove")).await, member);
    let left = flow.client.visit(&member).await;
    assert!(left.says("They belong to this account no more.") && left.says("No longer a member"));
    assert!(!left.has("main form[method=post]"), "nothing left to do to them");
    assert!(flow.client.visit("/account").await.says("Former members"));

    assert_eq!(theirs.get(&page).await.status, 404, "at the next request");
    assert_eq!(theirs.visit("/account").await.texts("h1"), ["bo@other.example"], "in the same session");
    assert_eq!(theirs.submit(&stale).await.status, 409, "a form of the account that was left");
    assert!(!flow.client.visit("/apps").await.says("Late"));
    let rows = "select detail from audit_log where action = 'member_removed'";
    assert_eq!(flow.portal.world.database.texts(rows).await.len(), 1);
    // Removed again, they are not there.
    let page = flow.client.visit("/account").await.form("/account/export");
    let request = flow.client.request(reqwest::Method::POST, &format!("{member}/remove")).form(page.fields());
    assert_eq!(flow.client.send(request).await.status, 404);
}

async fn what_a_member_saw_is_listed_until_it_is_replaced(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let app = flow.jwt_app("Relay").await;
    let sub = world.subscription(&flow.ada, &app).await;
    let bo = world.colleague("bo@meridian.example", &flow.ada).await;
    let member = page_of(&bo);
    assert!(flow.client.visit(&member).await.says("tells of none"));
    let acting = world.acting::<Developer>(&bo);
    credentials::reveal(&world.ctx, &acting, &app).await.expect("the secret");
    portico::actions::subscriptions::reveal(&world.ctx, &acting, &app, sub).await.expect("the secret");
    press(&flow.client, &member, &format!("{member}/remove")).await;

    let page = flow.client.visit(&member).await;
    let rows = page.texts("main table tbody tr");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row.contains("Still works")), "{rows:?}");
    let credentials = format!("/apps/{}/credentials", app.id);
    let subscription = format!("/apps/{}/subscriptions/{sub}", app.id);
    assert!(page.has(&format!("main a[href='{credentials}#regenerate']")));
    assert!(page.has(&format!("main a[href='{subscription}#rotate']")));

    // In its overlap the old one still works.
    world.clock.advance(portico::domain::time::Span::minutes(1));
    let regenerate = format!("{credentials}/regenerate");
    flow.client.fill(&credentials, &regenerate, &[("keep_old_for", "1h")]).await;
    assert_eq!(flow.client.visit(&member).await.texts("main .badge.warn").len(), 2);
    flow.client.fill(&credentials, &regenerate, &[("keep_old_for", "0")]).await;
    let rotate = format!("{subscription}/rotate");
    flow.client.fill(&subscription, &rotate, &[("keep_old_for", "0")]).await;
    let page = flow.client.visit(&member).await;
    assert_eq!(page.texts("main .badge.ok"), ["Replaced", "Replaced"]);
    assert!(!page.has("main table a"), "nothing left to rotate");

    let delete = format!("{subscription}/delete");
    flow.client.fill(&subscription, &delete, &[]).await;
    assert_eq!(
        flow.client.visit(&member).await.texts("main table tbody tr").len(),
        1,
        "gone with its subscription"
    );
}

async fn the_last_owner_stays(kind: Kind) {
    let flow = Flow::new(kind).await;
    let bo = flow.portal.world.colleague("bo@meridian.example", &flow.ada).await;
    let (ada, bo_page) = (page_of(&flow.ada), page_of(&bo));
    let page = flow.client.visit(&ada).await;
    assert!(
        !page.has("main form[method=post]") && page.says("There is no other owner who can sign in."),
        "{}",
        page.text()
    );
    let account = flow.client.visit("/account").await;
    assert!(account.says("You are the only owner."));
    let csrf = account.form("/account").value("csrf").unwrap_or_default().to_owned();
    for path in [format!("{ada}/remove"), String::from("/account/leave")] {
        let request = flow.client.request(reqwest::Method::POST, &path).form(&[("csrf", &csrf)]);
        let refused = flow.client.send(request).await;
        assert_eq!(refused.status, 409, "{path}");
        assert!(refused.says("An account needs an owner"), "{}", refused.text());
    }
    let fields = [("csrf", csrf.as_str()), ("role", "viewer")];
    let request = flow.client.request(reqwest::Method::POST, &format!("{ada}/role")).form(&fields);
    assert_eq!(flow.client.send(request).await.status, 422);
    assert!(flow.client.visit(&bo_page).await.has("main form[method=post]"));
    let roles = flow.portal.world.database.texts("select role from memberships order by role").await;
    assert_eq!(roles, ["developer", "owner"]);
}

async fn ownership_passes_on(kind: Kind) {
    let flow = Flow::new(kind).await;
    let bo = flow.portal.world.colleague("bo@meridian.example", &flow.ada).await;
    let member = page_of(&bo);
    let role = format!("{member}/role");
    flow.client.fill(&member, &role, &[("role", "owner")]).await;
    let theirs = flow.portal.signed_in(&bo).await;
    // Ada gives up what she had, and the new owner removes her.
    let own = page_of(&flow.ada);
    let page = flow.client.fill(&own, &format!("{own}/role"), &[("role", "developer")]).await;
    assert_eq!(page.location(), "/account");
    assert!(flow.client.visit("/account").await.says("You are a developer here."));
    assert_eq!(flow.client.get(&member).await.status, 404);
    assert_eq!(press(&theirs, &own, &format!("{own}/remove")).await, own);
    assert_eq!(flow.client.get("/account").await.location(), "/accounts/new");
}

async fn who_left_their_last_account_is_led_to_a_new_one(kind: Kind) {
    let flow = Flow::new(kind).await;
    let bo = flow.portal.world.colleague("bo@meridian.example", &flow.ada).await;
    let theirs = flow.portal.signed_in(&bo).await;
    assert_eq!(press(&theirs, "/account", "/account/leave").await, "/accounts/new");
    let page = theirs.visit("/accounts/new").await;
    assert!(page.says("You have left the account.") && page.says("You belong to no account now."));
    for path in ["/apps", "/apps/new", "/account", "/account/token-debugger"] {
        assert_eq!(theirs.get(path).await.location(), "/accounts/new", "{path}");
    }
    assert_eq!(theirs.visit("/settings").await.status, 200);
    let csrf = page.form("/accounts/new").value("csrf").unwrap_or_default().to_owned();
    let request = theirs.request(reqwest::Method::POST, "/apps").form(&[("csrf", &csrf)]);
    assert_eq!(theirs.send(request).await.status, 404);
    theirs.fill("/accounts/new", "/accounts/new", &[("name", "Bo's own")]).await;
    assert!(theirs.visit("/apps").await.says("No apps yet"));
    assert!(flow.client.visit("/account").await.says("Former members"));
}

async fn the_invitations_of_an_owner_who_goes_are_void(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let bo = world.colleague("bo@meridian.example", &flow.ada).await;
    let bo = world.with_role(bo, Role::Owner).await;
    world.invite(&flow.ada, "cy@meridian.example", Role::Viewer).await;
    world.invite(&bo, "bo@evil.example", Role::Owner).await;
    let letters = flow.portal.letters().await;
    let way_back = letters.iter().find(|letter| letter.whole.contains("bo@evil.example")).expect("a letter");
    let way_back = way_back.link(&flow.portal);
    let member = page_of(&bo);
    press(&flow.client, &member, &format!("{member}/remove")).await;
    assert!(flow.portal.client().visit(&way_back).await.says("This invitation was revoked"));
    let account = flow.client.visit("/account").await;
    assert!(account.says("cy@meridian.example") && !account.says("bo@evil.example"));
}

async fn the_invitations_of_an_owner_who_is_disabled_are_void(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let bo = world.colleague("bo@meridian.example", &flow.ada).await;
    let bo = world.with_role(bo, Role::Owner).await;
    let root = world.admin("root@meridian.example").await;
    world.invite(&flow.ada, "cy@meridian.example", Role::Viewer).await;
    flow.portal.letters().await;
    world.invite(&bo, "bo@evil.example", Role::Owner).await;
    let letters = flow.portal.letters().await;
    let way_back = letters.first().expect("a letter").link(&flow.portal);
    users::disable(&world.ctx, &world.as_admin(&root).await, bo.id).await.expect("bo is shut out");
    assert!(flow.portal.client().visit(&way_back).await.says("This invitation was revoked"));
    let account = flow.client.visit("/account").await;
    assert!(account.says("cy@meridian.example") && !account.says("bo@evil.example"));
    // Which admin it was is not for the members to read.
    let log = flow.client.visit("/account/audit?action=invitation_revoked").await;
    let rows = log.texts("tbody").join(" ");
    assert!(rows.contains("The portal itself") && !rows.contains("root@meridian.example"), "{rows}");
    // A request of theirs that had begun before lays no other.
    let new = NewInvitation { email: parsed("bo2@evil.example"), role: Role::Owner };
    let late = invitations::invite(&world.ctx, &world.acting(&bo), world.form(&bo), new).await;
    assert!(matches!(late, Err(Error::NotFound)), "{late:?}");
}

async fn members_of_another_account_are_not_there(kind: Kind) {
    let flow = Flow::new(kind).await;
    let bo = flow.portal.world.colleague("bo@meridian.example", &flow.ada).await;
    let eve = flow.portal.world.user("eve@evil.example").await;
    let theirs = flow.portal.signed_in(&eve).await;
    let csrf = theirs.visit("/account").await.form("/account").value("csrf").unwrap_or_default().to_owned();
    let member = page_of(&bo);
    assert_eq!(theirs.get(&member).await.status, 404);
    for path in [format!("{member}/role"), format!("{member}/remove")] {
        // Whatever account the form says it was made for.
        let account = flow.ada.account.to_string();
        let fields = [("csrf", csrf.as_str()), ("role", "viewer"), ("account", account.as_str())];
        let request = theirs.request(reqwest::Method::POST, &path).form(&fields);
        assert_eq!(theirs.send(request).await.status, 404, "{path}");
    }
    assert!(flow.client.visit("/account").await.says("bo@meridian.example"));
}
