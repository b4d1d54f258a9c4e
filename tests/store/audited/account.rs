//! What is done to an account and to who belongs to it.

use portico::{
    actions::{accounts, deletion, export, invitations, members, sign_in},
    domain::account::{Owner, Role, Viewer},
};

use super::{Walk, by};
use crate::support::world::{Person, parsed};

pub(super) async fn walk(walk: &mut Walk) {
    let ctx = walk.world.ctx.clone();
    let ada = walk.world.user("ada@meridian.example").await;
    let session = walk.session(&ada).await;
    walk.past().await;
    let form = walk.world.form(&ada);
    let made = accounts::create(&ctx, &by(&ada), ada.id, form, parsed("Second")).await.expect("an account");
    walk.left(&["account_created"]).await;
    let second = Person { account: made.into_inner(), ..ada.clone() };
    sign_in::switch_account(&ctx, &by(&ada), &session, second.account).await.expect("another account");
    walk.left(&["account_switched"]).await;
    let owner = walk.world.acting::<Owner>(&second);
    accounts::rename(&ctx, &owner, &parsed("Third")).await.expect("another name");
    walk.left(&["account_renamed"]).await;
    membership(walk, &second).await;
    export::account(&ctx, &owner).await.expect("an export");
    walk.left(&["account_exported"]).await;
    deletion::delete_account(&ctx, &owner, "Third").await.expect("gone");
    walk.left(&["account_deleted"]).await;
}

async fn membership(walk: &mut Walk, ada: &Person) {
    let ctx = walk.world.ctx.clone();
    let owner = walk.world.acting::<Owner>(ada);
    let eli = walk.world.user("eli@x.example").await;
    let session = walk.session(&eli).await;
    walk.past().await;
    let invitation = walk.world.invite(ada, "eli@x.example", Role::Viewer).await;
    walk.left(&["invitation_sent"]).await;
    invitations::resend(&ctx, &owner, walk.world.form(ada), invitation).await.expect("again");
    walk.left(&["invitation_resent"]).await;
    invitations::revoke(&ctx, &owner, invitation).await.expect("revoked");
    walk.left(&["invitation_revoked"]).await;
    for leaves in [false, true] {
        walk.letters().await;
        walk.world.invite(ada, "eli@x.example", Role::Viewer).await;
        walk.left(&["invitation_sent"]).await;
        let token = walk.mailed("eli@x.example", "/invitations/").await;
        invitations::accept(&ctx, &by(&eli), &session, &token).await.expect("joined");
        walk.left(&["invitation_accepted"]).await;
        let here = Person { account: ada.account, role: Role::Viewer, ..eli.clone() };
        if leaves {
            members::leave(&ctx, &walk.world.acting::<Viewer>(&here)).await.expect("left");
            walk.left(&["member_left"]).await;
        } else {
            members::set_role(&ctx, &owner, eli.id, Role::Developer).await.expect("another role");
            walk.left(&["role_changed"]).await;
            members::remove(&ctx, &owner, eli.id).await.expect("removed");
            walk.left(&["member_removed"]).await;
        }
    }
}
