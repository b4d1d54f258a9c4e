//! What people do about themselves, and at the door.

use portico::{
    actions::{FormValue, confirm, deletion, export, passwords, settings, setup, sign_in, sign_up, two_step},
    crypto::token::Token,
    domain::{time::Span, two_step::TypedCode},
};

use super::{Walk, browser, by, new_password, password, proof, sign_up as somebody, visitor};
use crate::support::{
    authenticator::Authenticator,
    world::{PASSWORD, Person, parsed},
};

pub(super) async fn walk(walk: &mut Walk) {
    first_admin(walk).await;
    signing_up(walk).await;
    let cyd = walk.world.user("cyd@x.example").await;
    walk.left(&["user_created", "account_created", "account_joined"]).await;
    sessions(walk, &cyd).await;
    addresses_and_passwords(walk, cyd).await;
    let dee = walk.world.user("dee@x.example").await;
    walk.past().await;
    second_factor(walk, &dee).await;
    leaving(walk, &dee).await;
}

async fn first_admin(walk: &mut Walk) {
    let ctx = walk.world.ctx.clone();
    let token = setup::first_admin_link(&ctx).await.expect("looked").expect("there is no admin yet");
    walk.left(&["setup_link_made"]).await;
    let new = somebody("root@x.example");
    let form = FormValue::of_visitor(Token::generate().expose());
    setup::make_first_admin(&ctx, &visitor(), &browser(), form, &token, new).await.expect("the first admin");
    walk.left(&["user_created", "account_created", "signed_in"]).await;
}

async fn signing_up(walk: &mut Walk) {
    let ctx = walk.world.ctx.clone();
    let form = FormValue::of_visitor(Token::generate().expose());
    sign_up::sign_up(&ctx, &visitor(), &browser(), form, somebody("bo@x.example")).await.expect("signed up");
    walk.left(&["user_created", "account_created", "signed_in"]).await;
    let known = ctx.store.read().await.expect("a connection").user_by_email(&parsed("bo@x.example")).await;
    let bo = known.expect("a row").expect("the user").user;
    passwords::send_proof(&ctx, &visitor(), &bo).await.expect("a link");
    walk.left(&["proof_sent"]).await;
    let token = walk.mailed("bo@x.example", "token=").await;
    passwords::prove(&ctx, &visitor(), &token).await.expect("proven");
    walk.left(&["address_proven"]).await;
}

async fn sessions(walk: &mut Walk, cyd: &Person) {
    let ctx = walk.world.ctx.clone();
    let session = walk.session(cyd).await;
    walk.left(&["signed_in"]).await;
    let other = walk.session(cyd).await;
    walk.left(&["signed_in"]).await;
    let user = walk.user(cyd).await;
    settings::end_session(&ctx, &by(cyd), &user, other.id).await.expect("it ends");
    walk.left(&["session_ended"]).await;
    settings::rename(&ctx, &by(cyd), cyd.id, &parsed("Cyd")).await.expect("another name");
    walk.left(&["profile_changed"]).await;
    let wrong = sign_in::sign_in(&ctx, &visitor(), &browser(), &cyd.email, password("x")).await;
    wrong.expect_err("another password");
    walk.left(&["sign_in_failed"]).await;
    let mut wrong = proof(None);
    wrong.password = password("x");
    for _ in 0..10 {
        confirm::confirm(&ctx, &by(cyd), &session, wrong.clone()).await.expect_err("another password");
    }
    walk.left(&["confirm_failed"; 10]).await;
    for _ in 0..3 {
        confirm::confirm(&ctx, &by(cyd), &session, wrong.clone()).await.expect_err("too many");
    }
    walk.left(&["tries_limited"]).await;
    walk.world.clock.advance(Span::minutes(16));
    let cookie = confirm::confirm(&ctx, &by(cyd), &session, proof(None)).await.expect("the password");
    walk.left(&["confirmed"]).await;
    let session = walk.session_of(&cookie).await;
    sign_in::sign_out(&ctx, &by(cyd), &session).await.expect("signed out");
    walk.left(&["signed_out"]).await;
}

async fn addresses_and_passwords(walk: &mut Walk, cyd: Person) {
    let ctx = walk.world.ctx.clone();
    let session = walk.session(&cyd).await;
    walk.past().await;
    let new = new_password("cyd@x.example");
    let cookie = passwords::change(&ctx, &by(&cyd), &session, proof(None), new).await.expect("another");
    walk.left(&["password_changed"]).await;
    let session = walk.session_of(&cookie).await;
    let moved = parsed("cyd@y.example");
    passwords::ask_new_address(&ctx, &by(&cyd), &session, proof(None), &moved).await.expect("asked");
    walk.left(&["address_change_asked"]).await;
    let token = walk.mailed("cyd@y.example", "token=").await;
    passwords::prove(&ctx, &visitor(), &token).await.expect("moved");
    walk.left(&["address_changed"]).await;
    passwords::forget(&ctx, &visitor(), &moved).await.expect("asked");
    walk.left(&[]).await;
    let token = walk.mailed("cyd@y.example", "token=").await;
    walk.left(&["password_reset_asked"]).await;
    passwords::reset(&ctx, &visitor(), &token, new_password("cyd@y.example")).await.expect("set anew");
    walk.left(&["password_reset"]).await;
}

async fn second_factor(walk: &mut Walk, dee: &Person) {
    let ctx = walk.world.ctx.clone();
    let (app, codes) = turn_on(walk, dee).await;
    walk.left(&["signed_in", "two_step_turned_on"]).await;
    // From here on by sessions that were there before a code was asked for.
    let session = walk.world.database.read().await.sessions_of(dee.id).await.expect("rows");
    let session = session.into_iter().next().expect("the session");
    let wrong = app.wrong_code(ctx.now());
    confirm::confirm(&ctx, &by(dee), &session, proof(Some(&wrong))).await.expect_err("no code");
    walk.left(&["code_failed"]).await;
    let cookie = confirm::confirm(&ctx, &by(dee), &session, proof(Some(&codes[0]))).await.expect("a code");
    walk.left(&["confirmed", "recovery_code_used"]).await;
    let session = walk.session_of(&cookie).await;
    let (form, code) = (walk.world.form(dee), app.code(ctx.now()));
    let renewed = two_step::renew_codes(&ctx, &by(dee), &session, form, proof(Some(&code))).await;
    let renewed = renewed.expect("a code").expect("the first time");
    walk.left(&["recovery_codes_renewed"]).await;
    let session = walk.session_of(&renewed.cookie).await;
    walk.world.database.run(&walk.spoil("second_factors")).await;
    walk.world.clock.advance(Span::seconds(30));
    let code = app.code(ctx.now());
    confirm::confirm(&ctx, &by(dee), &session, proof(Some(&code))).await.expect_err("it does not open");
    walk.left(&["second_factor_unreadable"]).await;
    let code = renewed.codes[0].grouped();
    two_step::turn_off(&ctx, &by(dee), &session, proof(Some(&code))).await.expect("off");
    walk.left(&["recovery_code_used", "two_step_turned_off"]).await;
    turn_on(walk, dee).await;
    walk.past().await;
    two_step::reset(&ctx, &dee.email).await.expect("off");
    walk.left(&["two_step_reset"]).await;
}

async fn turn_on(walk: &Walk, dee: &Person) -> (Authenticator, Vec<String>) {
    let session = walk.session(dee).await;
    let ctx = &walk.world.ctx;
    let offer = two_step::offer(ctx, &session).expect("an offer");
    let app = Authenticator::told(&offer.secret.typed());
    let code: TypedCode = parsed(&app.code(ctx.now()));
    let asked = (&offer, password(PASSWORD), &code);
    let on = two_step::turn_on(ctx, &by(dee), &session, walk.world.form(dee), asked).await;
    let on = on.expect("it is turned on").expect("the first time");
    walk.world.clock.advance(Span::seconds(30));
    (app, on.codes.iter().map(|code| code.grouped()).collect())
}

async fn leaving(walk: &mut Walk, dee: &Person) {
    let ctx = walk.world.ctx.clone();
    let session = walk.session(dee).await;
    walk.past().await;
    export::user(&ctx, &by(dee), &session, proof(None)).await.expect("an export");
    walk.left(&["user_exported"]).await;
    deletion::delete_user(&ctx, &by(dee), &session, proof(None)).await.expect("gone");
    walk.left(&["user_deleted", "account_deleted"]).await;
}
