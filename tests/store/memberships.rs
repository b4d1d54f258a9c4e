//! Who belongs to an account, under people who act at the same moment (S66): an owner is always
//! left, and an invitation lets one in.

use portico::{
    actions::{
        self, By, Conflict, Error,
        confirm::Proof,
        deletion, invitations,
        invitations::{NewGuest, NewInvitation},
        members, outbox,
        sign_in::Browser,
    },
    crypto::token::Token,
    domain::{
        account::{Owner, Role, Viewer},
        audit::Origin,
        invitation::Invitation,
        password::{NewPassword, PasswordContext, TypedPassword},
        user::Session,
    },
    mail::Mailer,
};

use crate::{
    races::{at_once, came_off},
    support::{
        databases::{Kind, on_both},
        world::{PASSWORD, Person, World, parsed},
    },
};

on_both!(
    owners_who_leave_at_once_leave_one,
    owners_who_demote_each_other_at_once_leave_one,
    owners_who_delete_themselves_at_once_leave_one,
    fifty_invitations_wait_and_no_more,
    one_address_invited_ten_times_at_once_is_invited_once,
    a_link_opened_ten_times_at_once_lets_one_in,
    who_is_a_member_by_now_is_not_invited_to_another_role,
    an_owner_who_was_demoted_meanwhile_does_nothing,
    an_owner_who_is_disabled_is_no_owner_to_leave_an_account_to,
    a_user_owns_fifty_accounts_and_no_more,
);

/// An account with so many owners.
async fn owners(world: &World, count: usize) -> Vec<Person> {
    let mut owners = vec![world.user("ada0@meridian.example").await];
    for number in 1..count {
        let first = owners.first().expect("the first");
        let next = world.colleague(&format!("ada{number}@meridian.example"), first).await;
        owners.push(world.with_role(next, Role::Owner).await);
    }
    owners
}

async fn owners_left(world: &World, of: &Person) -> usize {
    let members = world.database.read().await.members(of.account).await.expect("rows");
    members.iter().filter(|member| member.role == Role::Owner).count()
}

async fn owners_who_leave_at_once_leave_one(kind: Kind) {
    let world = World::new(kind).await;
    let owners = owners(&world, 8).await;
    let outcomes = at_once(owners.len(), |racer| {
        let (ctx, acting) = (world.ctx.clone(), world.acting::<Viewer>(&owners[racer]));
        async move { members::leave(&ctx, &acting).await }
    })
    .await;
    assert_eq!(came_off(&outcomes, &Conflict::LastOwner), 7);
    assert_eq!(owners_left(&world, &owners[0]).await, 1);
}

async fn owners_who_demote_each_other_at_once_leave_one(kind: Kind) {
    for _ in 0..3 {
        let world = World::new(kind).await;
        let owners = owners(&world, 6).await;
        let outcomes = at_once(owners.len(), |racer| {
            let (ctx, acting) = (world.ctx.clone(), world.acting::<Owner>(&owners[racer]));
            let next = owners[(racer + 1) % owners.len()].id;
            async move {
                if racer % 2 == 0 {
                    members::set_role(&ctx, &acting, next, Role::Viewer).await
                } else {
                    members::remove(&ctx, &acting, next).await
                }
            }
        })
        .await;
        for outcome in outcomes {
            // Whoever was demoted meanwhile is an owner no more.
            let fine =
                matches!(&outcome, Ok(()) | Err(Error::NotFound | Error::Conflict(Conflict::LastOwner)));
            assert!(fine, "{outcome:?}");
        }
        assert!(owners_left(&world, &owners[0]).await >= 1);
    }
}

async fn owners_who_delete_themselves_at_once_leave_one(kind: Kind) {
    let world = World::new(kind).await;
    let owners = owners(&world, 4).await;
    // Somebody must be left who needs an owner.
    world.colleague("viewer@meridian.example", &owners[0]).await;
    let mut sessions = Vec::new();
    for owner in &owners {
        sessions.push(session(&world, owner).await);
    }
    let outcomes = at_once(owners.len(), |racer| {
        let (ctx, session) = (world.ctx.clone(), sessions[racer].clone());
        let by = By::user(owners[racer].id, Origin::default());
        async move {
            let password = TypedPassword::parse(PASSWORD).expect("a password");
            let proof = Proof { password, code: None };
            deletion::delete_user(&ctx, &by, &session, proof).await
        }
    })
    .await;
    assert_eq!(came_off(&outcomes, &Conflict::LastOwner), 3);
    assert_eq!(owners_left(&world, &owners[0]).await, 1);
}

async fn fifty_invitations_wait_and_no_more(kind: Kind) {
    let world = World::new(kind).await;
    let owners = owners(&world, 2).await;
    // Past the limit of what one owner may send at a time.
    for (batch, owner) in owners.iter().enumerate() {
        for number in 0..24 {
            world.invite(owner, &format!("b{batch}n{number}@other.example"), Role::Viewer).await;
        }
        world.clock.advance(portico::domain::time::Span::minutes(16));
    }
    let outcomes = at_once(10, |racer| {
        let (ctx, acting, form) =
            (world.ctx.clone(), world.acting::<Owner>(&owners[0]), world.form(&owners[0]));
        async move {
            let new =
                NewInvitation { email: parsed(&format!("late{racer}@other.example")), role: Role::Viewer };
            invitations::invite(&ctx, &acting, form, new).await
        }
    })
    .await;
    let limit = Conflict::InvitationLimit { max: Invitation::MAX_OPEN };
    assert_eq!(came_off(&outcomes, &limit), 2);
    let waiting = invitations::waiting(&world.ctx, &world.acting::<Owner>(&owners[0])).await.expect("rows");
    assert_eq!(waiting.len(), 50);
}

async fn one_address_invited_ten_times_at_once_is_invited_once(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let outcomes = at_once(10, |_| {
        let (ctx, acting, form) = (world.ctx.clone(), world.acting::<Owner>(&ada), world.form(&ada));
        async move {
            let new = NewInvitation { email: parsed("bo@other.example"), role: Role::Viewer };
            invitations::invite(&ctx, &acting, form, new).await
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let told = |error: &Error| matches!(error, Error::Invalid(fields) if fields.get("email").is_some());
    assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(told), "{outcomes:?}");
}

async fn a_link_opened_ten_times_at_once_lets_one_in(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let bo = world.user("bo@other.example").await;
    world.invite(&ada, "bo@other.example", Role::Developer).await;
    world.invite(&ada, "new@other.example", Role::Viewer).await;
    let links = links(&world).await;
    let session = session(&world, &bo).await;
    let outcomes = at_once(10, |_| {
        let (ctx, session, token) = (world.ctx.clone(), session.clone(), links[0].clone());
        let by = By::user(bo.id, Origin::default());
        async move { invitations::accept(&ctx, &by, &session, &token).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let outcomes = at_once(6, |racer| {
        let (ctx, token) = (world.ctx.clone(), links[1].clone());
        let form = actions::FormValue::of_visitor(Token::generate().expose());
        async move {
            let name = format!("New {racer}");
            let context = PasswordContext { platform: "Meridian", email: "new@other.example", name: &name };
            let password = NewPassword::parse(PASSWORD, &context).expect("a good password");
            let guest = NewGuest { name: parsed(&name), password };
            let by = By::visitor(Origin::default());
            invitations::sign_up(&ctx, &by, &Browser::default(), form, &token, guest).await
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let members = world.database.read().await.members(ada.account).await.expect("rows");
    let mut roles: Vec<_> = members.iter().map(|one| (one.email.as_str(), one.role)).collect();
    roles.sort_unstable();
    let expected = [
        ("ada@meridian.example", Role::Owner),
        ("bo@other.example", Role::Developer),
        ("new@other.example", Role::Viewer),
    ];
    assert_eq!(roles, expected);
}

async fn who_is_a_member_by_now_is_not_invited_to_another_role(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let bo = world.colleague("bo@meridian.example", &ada).await;
    world.invite(&ada, "bo@other.example", Role::Owner).await;
    let links = links(&world).await;
    let [token] = links.as_slice() else { panic!("one link, not {links:?}") };
    // The invited address becomes that of a member.
    let moved = "email = 'bo@other.example', email_key = 'bo@other.example'";
    world.database.set("users", &bo.id, moved).await;
    let bo = Person { email: parsed("bo@other.example"), ..bo };
    let (by, session) = (By::user(bo.id, Origin::default()), session(&world, &bo).await);
    let joined = invitations::accept(&world.ctx, &by, &session, token).await;
    assert!(matches!(joined, Err(Error::Conflict(Conflict::MemberAlready))), "{joined:?}");
    let role = world.database.read().await.role(ada.account, bo.id).await.expect("a row");
    assert_eq!(role, Some(Role::Developer));
    assert_eq!(world.database.audited("invitation_accepted").await, 0);
    let waiting = invitations::waiting(&world.ctx, &world.acting::<Owner>(&ada)).await.expect("rows");
    assert_eq!(waiting.len(), 1, "it waits on");
}

async fn an_owner_who_was_demoted_meanwhile_does_nothing(kind: Kind) {
    let world = World::new(kind).await;
    let owners = owners(&world, 2).await;
    // The proof was made when the request began.
    let (acting, form) = (world.acting::<Owner>(&owners[1]), world.form(&owners[1]));
    let other = world.acting::<Owner>(&owners[0]);
    members::set_role(&world.ctx, &other, owners[1].id, Role::Developer).await.expect("another role");
    let new = NewInvitation { email: parsed("bo@evil.example"), role: Role::Owner };
    let ctx = &world.ctx;
    assert!(matches!(invitations::invite(ctx, &acting, form, new).await, Err(Error::NotFound)));
    let back = members::set_role(ctx, &acting, owners[1].id, Role::Owner).await;
    assert!(matches!(back, Err(Error::NotFound)), "{back:?}");
    let revenge = members::remove(ctx, &acting, owners[0].id).await;
    assert!(matches!(revenge, Err(Error::NotFound)), "{revenge:?}");
    let name = actions::accounts::rename(ctx, &acting, &parsed("Mine")).await;
    assert!(matches!(name, Err(Error::NotFound)), "{name:?}");
    let end = deletion::delete_account(ctx, &acting, "ada0@meridian.example").await;
    assert!(matches!(end, Err(Error::NotFound)), "{end:?}");
}

async fn an_owner_who_is_disabled_is_no_owner_to_leave_an_account_to(kind: Kind) {
    let world = World::new(kind).await;
    let owners = owners(&world, 2).await;
    let (ctx, ada, disabled) = (&world.ctx, &owners[0], &owners[1]);
    world.database.set("users", &disabled.id, "disabled_at = 1").await;
    let acting = world.acting::<Owner>(ada);
    let is_last = |outcome| matches!(outcome, Err(Error::Conflict(Conflict::LastOwner)));
    assert!(is_last(members::leave(ctx, &world.acting::<Viewer>(ada)).await));
    assert!(is_last(members::remove(ctx, &acting, ada.id).await));
    assert!(is_last(members::set_role(ctx, &acting, ada.id, Role::Developer).await));
    let (by, session) = (By::user(ada.id, Origin::default()), session(&world, ada).await);
    let password = TypedPassword::parse(PASSWORD).expect("a password");
    assert!(is_last(deletion::delete_user(ctx, &by, &session, Proof { password, code: None }).await));
    members::remove(ctx, &acting, disabled.id).await.expect("whoever is disabled can be removed");
    assert_eq!(owners_left(&world, ada).await, 1);
}

async fn a_user_owns_fifty_accounts_and_no_more(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let create = |number: usize| {
        let (ctx, form, by) = (world.ctx.clone(), world.form(&ada), By::user(ada.id, Origin::default()));
        let (name, user) = (parsed(&format!("Account {number}")), ada.id);
        async move { actions::accounts::create(&ctx, &by, user, form, name).await }
    };
    for number in 0..10 {
        create(number).await.expect("an account");
    }
    assert!(matches!(create(10).await, Err(Error::TooMany { .. })), "ten in a quarter of an hour");
    for number in 10..44 {
        if number % 10 == 0 {
            world.clock.advance(portico::domain::time::Span::minutes(16));
        }
        create(number).await.expect("an account");
    }
    world.clock.advance(portico::domain::time::Span::minutes(16));
    let outcomes = at_once(10, create).await;
    assert_eq!(came_off(&outcomes, &Conflict::AccountLimit { max: 50 }), 5);
}

async fn session(world: &World, person: &Person) -> Session {
    let signed_in = world.sign_in(person).await;
    let session = world.database.read().await.session(signed_in.session.hash().as_bytes()).await;
    session.expect("a row").expect("the session")
}

/// The tokens of the links that wait to be sent, by the address they go to.
async fn links(world: &World) -> Vec<Token> {
    let folder = tempfile::tempdir().expect("a folder");
    let mailer = Mailer::file("Portico", "no-reply@portico.example", folder.path().to_owned());
    outbox::send_due(&world.ctx, &mailer.expect("a mailer")).await.expect("mail is sent");
    let mut letters = Vec::new();
    for entry in std::fs::read_dir(folder.path()).expect("the letter box") {
        let letter = std::fs::read_to_string(entry.expect("a letter").path()).expect("text");
        let (_, rest) = letter.split_once("/invitations/").expect("a link");
        let token = Token::parse(rest.split_whitespace().next().unwrap_or_default()).expect("a token");
        let to = letter.lines().find(|line| line.starts_with("To: ")).unwrap_or_default().to_owned();
        letters.push((to, token));
    }
    letters.sort_by(|(one, _), (other, _)| one.cmp(other));
    letters.into_iter().map(|(_, token)| token).collect()
}
