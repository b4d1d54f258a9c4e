//! `/account/invitations` and `/invitations/{token}`

use portico::{
    actions::{Policy, SignUp},
    domain::{account::Role, time::Span},
};

use crate::support::{
    client::{Client, Page},
    databases::{Kind, on_both},
    site::Portal,
    world::{self, PASSWORD, Person},
};

on_both!(
    what_was_typed_outlives_a_limit,
    an_invitation_of_another_account_is_not_there,
    an_invitation_is_a_way_in_where_nobody_may_sign_up,
    an_invitation_accepted_twice_makes_one_user,
    a_user_with_the_address_signs_in_and_joins,
    an_invitation_is_for_its_address_alone,
    an_invitation_that_ended_says_how,
    sent_again_only_the_new_link_works,
    the_link_proves_the_address_it_was_mailed_to,
    who_has_not_proven_an_address_invites_nobody,
    what_cannot_be_invited_is_told_and_nothing_typed_is_lost,
    invitations_fill_nobodys_mailbox,
    a_domain_invites_its_own_alone,
);

const GUEST: [(&str, &str); 2] = [("name", "Bo Lindqvist"), ("password", PASSWORD)];

struct Scene {
    portal: Portal,
    ada: Person,
    owner: Client,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        Self::under(kind, SignUp::Open).await
    }

    async fn under(kind: Kind, sign_up: SignUp) -> Self {
        let portal = Portal::under(kind, Policy { sign_up, ..world::policy() }).await;
        let ada = portal.world.user("ada@meridian.example").await;
        let owner = portal.signed_in(&ada).await;
        portal.letters().await;
        Self { portal, ada, owner }
    }

    /// Invites on the page, and gives the link from the mail.
    async fn invite(&self, email: &str, role: &str) -> String {
        let fields = [("email", email), ("role", role)];
        let page = self.owner.fill("/account", "/account/invitations", &fields).await;
        assert_eq!(page.location(), "/account#invitations");
        self.link().await
    }

    async fn link(&self) -> String {
        let letters = self.portal.letters().await;
        let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
        letter.link(&self.portal)
    }

    /// The button of the only invitation.
    async fn press(&self, verb: &str) -> Page {
        let page = self.owner.visit("/account").await;
        let action = page.attribute(&format!("form[action$='/{verb}']"), "action").expect("a button");
        self.owner.submit(&page.form(&action)).await
    }

    async fn audited(&self, action: &str) -> usize {
        let sql = format!("select action from audit_log where action = '{action}'");
        self.portal.world.database.texts(&sql).await.len()
    }
}

async fn an_invitation_is_a_way_in_where_nobody_may_sign_up(kind: Kind) {
    let scene = Scene::under(kind, SignUp::Invite).await;
    let link = scene.invite("bo@other.example", "viewer").await;
    assert!(scene.owner.visit("/account").await.says("bo@other.example"));
    let bo = scene.portal.client();
    let page = bo.visit(&link).await;
    assert!(page.says("Join ada@meridian.example") && page.says("a viewer"), "{}", page.text());
    assert!(bo.visit("/sign-up").await.says("By invitation only"));
    // Opening it has done nothing (S19); what is wrong is told, and the link still works.
    let wrong = bo.fill(&link, &link, &[("name", " "), ("password", "bo@other.example")]).await;
    assert_eq!(wrong.errors().keys().collect::<Vec<_>>(), ["name", "password"]);

    let form =
        GUEST.iter().fold(bo.visit(&link).await.form(&link), |form, (name, value)| form.with(name, value));
    assert_eq!(bo.submit(&form).await.location(), "/apps");
    let account = bo.visit("/account").await;
    assert!(account.says("You have joined.") && account.says("You are a viewer here."), "{}", account.text());
    assert!(account.says("Bo Lindqvist") && account.says("ada@meridian.example"));
    assert_eq!(account.texts("form[action='/account/switch']").len(), 1, "no account of their own");
    assert!(!bo.visit("/settings").await.has("form[action='/verify-email/send']"), "the address is proven");
    assert_eq!(bo.get("/apps/new").await.status, 404, "a viewer builds nothing");
    assert_eq!(scene.portal.letters().await.len(), 0, "no link to prove an address");
    assert_eq!((scene.audited("invitation_sent").await, scene.audited("invitation_accepted").await), (1, 1));
    assert!(!scene.owner.visit("/account").await.has("form[action$='/revoke']"), "it waits no more");
    assert!(scene.portal.client().visit(&link).await.says("This invitation was used"));
}

async fn an_invitation_accepted_twice_makes_one_user(kind: Kind) {
    let scene = Scene::new(kind).await;
    let link = scene.invite("bo@other.example", "viewer").await;
    let bo = scene.portal.client();
    let form =
        GUEST.iter().fold(bo.visit(&link).await.form(&link), |form, (name, value)| form.with(name, value));
    let (one, other) = tokio::join!(bo.submit(&form), bo.submit(&form));
    let mut told = [&one, &other].map(|page| crate::two_step::cookie(page, "portico-flash"));
    told.sort();
    assert_eq!(told, ["again", "invitation-accepted"].map(|code| Some(code.to_owned())));
    // And once more, signed in by now.
    let again = bo.submit(&form).await;
    assert_eq!(again.location(), "/apps");
    assert!(bo.visit("/account").await.says("This form was sent twice."));
    assert_eq!(scene.audited("invitation_accepted").await, 1);
    assert_eq!(scene.portal.client().submit(&form).await.status, 403, "a stranger's");
}

async fn a_user_with_the_address_signs_in_and_joins(kind: Kind) {
    let scene = Scene::new(kind).await;
    let bo = scene.portal.world.user("Bo@other.example").await;
    let link = scene.invite("bo@OTHER.example", "developer").await;
    let client = scene.portal.client();
    let page = client.visit(&link).await;
    assert!(!page.has(&format!("form[action='{link}']")), "no second user of one address");
    let door = page.attribute("main a.btn-main", "href").expect("a way to sign in");
    assert_eq!(door, format!("/sign-in?next={link}"));
    let fields = [("email", bo.email.as_str()), ("password", PASSWORD)];
    let back = client.fill(&door, "/sign-in", &fields).await;
    assert_eq!(back.location(), link);
    assert!(!client.visit("/account").await.says("ada@meridian.example"), "not before the press");
    assert_eq!(client.fill(&link, &link, &[]).await.location(), "/apps");
    let account = client.visit("/account").await;
    assert!(account.says("You are a developer here."), "working there at once: {}", account.text());
    assert_eq!(account.texts("form[action='/account/switch']").len(), 2);
}

async fn what_was_typed_outlives_a_limit(kind: Kind) {
    let scene = Scene::new(kind).await;
    for number in 0..30 {
        scene.portal.world.invite(&scene.ada, &format!("n{number}@other.example"), Role::Viewer).await;
    }
    let fields = [("email", "late@other.example"), ("role", "owner")];
    let page = scene.owner.fill("/account", "/account/invitations", &fields).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (429, "900"));
    assert!(page.errors()["email"].contains("try again in 15 minutes"), "{:?}", page.errors());
    let typed = page.form("/account/invitations");
    assert_eq!((typed.value("email"), typed.value("role")), (Some("late@other.example"), Some("owner")));
    scene.portal.world.clock.advance(Span::minutes(16));
    for number in 30..50 {
        scene.portal.world.invite(&scene.ada, &format!("n{number}@other.example"), Role::Viewer).await;
    }
    let page = scene.owner.submit(&typed).await;
    assert_eq!(page.status, 422, "{}", page.text());
    assert!(page.errors()["email"].contains("50 invitations"), "{:?}", page.errors());
    assert_eq!(page.form("/account/invitations").value("email"), Some("late@other.example"));
}

async fn an_invitation_of_another_account_is_not_there(kind: Kind) {
    let scene = Scene::new(kind).await;
    let eve = scene.portal.world.user("eve@evil.example").await;
    let id = scene.portal.world.invite(&scene.ada, "bo@other.example", Role::Viewer).await;
    let theirs = scene.portal.signed_in(&eve).await;
    let form = theirs.visit("/account").await.form("/account");
    for verb in ["resend", "revoke"] {
        let mut form = form.clone().with("account", &scene.ada.account.to_string());
        form.action = format!("/account/invitations/{id}/{verb}");
        assert_eq!(theirs.submit(&form).await.status, 404, "{verb}");
        form =
            scene.owner.visit("/account").await.form(&form.action).with("account", &eve.account.to_string());
        assert_eq!(scene.owner.submit(&form).await.status, 409, "{verb}");
    }
    assert_eq!(scene.audited("invitation_revoked").await, 0);
}

async fn an_invitation_is_for_its_address_alone(kind: Kind) {
    let scene = Scene::new(kind).await;
    let eve = scene.portal.world.user("eve@evil.example").await;
    let link = scene.invite("bo@other.example", "owner").await;
    let client = scene.portal.signed_in(&eve).await;
    let page = client.visit(&link).await;
    assert!(page.says("You are signed in with another address, eve@evil.example."), "{}", page.text());
    assert!(!page.has(&format!("form[action='{link}']")));
    let mut forged = page.form("/sign-out");
    forged.action.clone_from(&link);
    let refused = client.submit(&forged).await;
    assert_eq!(refused.status, 422);
    assert!(refused.says("another address"));
    assert_eq!(client.visit("/account").await.texts("form[action='/account/switch']").len(), 1);
    assert_eq!(scene.audited("invitation_accepted").await, 0);
    assert_eq!(scene.portal.client().visit(&link).await.status, 200, "it still waits for Bo");
}

async fn an_invitation_that_ended_says_how(kind: Kind) {
    let scene = Scene::new(kind).await;
    let link = scene.invite("bo@other.example", "viewer").await;
    let page = scene.portal.client().visit(&link).await;
    let form = GUEST.iter().fold(page.form(&link), |form, (name, value)| form.with(name, value));
    assert_eq!(scene.press("revoke").await.location(), "/account#invitations");
    let client = scene.portal.client();
    assert!(client.visit(&link).await.says("This invitation was revoked"));
    assert_eq!(scene.audited("invitation_revoked").await, 1);

    let link = scene.invite("bo@other.example", "viewer").await;
    let late = scene.portal.client();
    let typed =
        GUEST.iter().fold(late.visit(&link).await.form(&link), |form, (name, value)| form.with(name, value));
    scene.portal.world.clock.advance(Span::seconds(7 * 86_400 - 1));
    assert!(client.visit(&link).await.has(&format!("form[action='{link}']")), "until its last second");
    scene.portal.world.clock.advance(Span::seconds(1));
    assert!(client.visit(&link).await.says("This invitation has expired"));
    let refused = late.submit(&typed).await;
    assert_eq!(refused.status, 422);
    assert!(refused.says("This invitation has expired"), "{}", refused.text());
    for nobody in ["/invitations/x", "/invitations/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert!(client.visit(nobody).await.says("There is no such invitation"));
    }
    drop(form);
    let users = scene.portal.world.database.texts("select email from users").await;
    assert_eq!(users, ["ada@meridian.example"]);
}

async fn sent_again_only_the_new_link_works(kind: Kind) {
    let scene = Scene::new(kind).await;
    let old = scene.invite("bo@other.example", "viewer").await;
    scene.portal.world.clock.advance(Span::days(6));
    let owner = scene.portal.signed_in(&scene.ada).await;
    let page = owner.visit("/account").await;
    let action = page.attribute("form[action$='/resend']", "action").expect("a button");
    let form = page.form(&action);
    assert_eq!(owner.submit(&form).await.location(), "/account#invitations");
    assert_eq!(owner.submit(&form).await.location(), "/account#invitations");
    let new = scene.link().await;
    assert_ne!(old, new);
    assert_eq!(scene.audited("invitation_resent").await, 1, "sent twice, the form did its work once");
    scene.portal.world.clock.advance(Span::days(6));
    let client = scene.portal.client();
    assert!(client.visit(&old).await.says("only the link of the latest mail works"));
    assert_eq!(client.fill(&new, &new, &GUEST).await.location(), "/apps");
}

async fn the_link_proves_the_address_it_was_mailed_to(kind: Kind) {
    let scene = Scene::new(kind).await;
    let bo = scene.portal.client();
    let fields =
        [("name", "Bo"), ("email", "bo@other.example"), ("account_name", "Other"), ("password", PASSWORD)];
    assert_eq!(bo.fill("/sign-up", "/sign-up", &fields).await.location(), "/apps");
    scene.portal.letters().await;
    let link = scene.invite("bo@other.example", "developer").await;
    assert!(bo.visit("/settings").await.says("Not proven yet"));
    assert_eq!(bo.fill(&link, &link, &[]).await.location(), "/apps");
    assert!(bo.visit("/settings").await.says("Proven"));
    assert_eq!(bo.visit("/account").await.texts("form[action='/account/switch']").len(), 2);

    // A mailbox that is another one under the same key is not proven by it.
    let other = scene.portal.client();
    let fields =
        [("name", "B"), ("email", "strasse@o.example"), ("account_name", "O"), ("password", PASSWORD)];
    assert_eq!(other.fill("/sign-up", "/sign-up", &fields).await.location(), "/apps");
    scene.portal.letters().await;
    let link = scene.invite("straße@o.example", "developer").await;
    assert!(other.visit(&link).await.says("another address"));
}

async fn who_has_not_proven_an_address_invites_nobody(kind: Kind) {
    let scene = Scene::new(kind).await;
    let mallory = scene.portal.client();
    let fields = [("name", "M"), ("email", "m@evil.example"), ("account_name", "M"), ("password", PASSWORD)];
    mallory.fill("/sign-up", "/sign-up", &fields).await;
    scene.portal.letters().await;
    let fields = [("email", "bo@other.example"), ("role", "viewer")];
    let page = mallory.fill("/account", "/account/invitations", &fields).await;
    assert!(page.errors()["email"].contains("Prove your own address"), "{:?}", page.errors());
    assert_eq!(scene.portal.letters().await.len(), 0);
}

async fn what_cannot_be_invited_is_told_and_nothing_typed_is_lost(kind: Kind) {
    let scene = Scene::new(kind).await;
    let invite = async |email: &str, role: &str| {
        scene.owner.fill("/account", "/account/invitations", &[("email", email), ("role", role)]).await
    };
    let page = invite("bo@", "viewer").await;
    assert_eq!(page.status, 422);
    assert_eq!(page.errors()["email"], "Enter an address such as name@example.com.");
    let form = page.form("/account/invitations");
    assert_eq!((form.value("email"), form.value("role")), (Some("bo@"), Some("viewer")));
    assert_eq!(
        invite("bo@other.example", "admin").await.errors()["role"],
        "Choose owner, developer or viewer."
    );
    let page = invite("ADA@meridian.example", "viewer").await;
    assert!(page.errors()["email"].contains("is a member of this account already"));
    scene.invite("bo@other.example", "viewer").await;
    let page = invite("BO@other.example", "owner").await;
    assert!(page.errors()["email"].contains("is invited already"));

    // The same form twice is one invitation.
    let form =
        scene.owner.visit("/account").await.form("/account/invitations").with("email", "cy@other.example");
    scene.owner.submit(&form).await;
    let again = scene.owner.submit(&form).await;
    assert_eq!(again.location(), "/account#invitations");
    assert!(scene.owner.visit("/account").await.says("sent twice"));
    assert_eq!(scene.portal.letters().await.len(), 1);
    let members = scene.portal.world.database.texts("select role from memberships").await;
    assert_eq!(members, ["owner"]);
}

async fn invitations_fill_nobodys_mailbox(kind: Kind) {
    let scene = Scene::new(kind).await;
    scene.invite("bo@other.example", "viewer").await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(scene.press("resend").await.status.as_u16());
    }
    assert_eq!((answers[8], answers[9]), (303, 429), "ten to one address: {answers:?}");
    let mut last = 0;
    for number in 0..25 {
        let email = format!("bo{number}@other.example");
        let fields = [("email", email.as_str()), ("role", "viewer")];
        last = scene.owner.fill("/account", "/account/invitations", &fields).await.status.as_u16();
    }
    assert_eq!(last, 429, "thirty of one owner");
    assert_eq!(scene.portal.letters().await.len(), 9 + 19);
    // By then the owner may send again.
    scene.portal.world.clock.advance(Span::minutes(16));
    let id = scene.portal.world.invite(&scene.ada, "last@other.example", Role::Viewer).await;
    assert!(id.to_string().starts_with("inv_"));
}

async fn a_domain_invites_its_own_alone(kind: Kind) {
    let scene = Scene::under(kind, SignUp::Domain(String::from("meridian.example"))).await;
    let fields = [("email", "bo@other.example"), ("role", "viewer")];
    let page = scene.owner.fill("/account", "/account/invitations", &fields).await;
    assert!(page.errors()["email"].contains("at meridian.example"), "{:?}", page.errors());
    let link = scene.invite("bo@meridian.example", "viewer").await;
    // The link has proven the address, so there is nothing to wait for.
    assert_eq!(scene.portal.client().fill(&link, &link, &GUEST).await.location(), "/apps");
}
