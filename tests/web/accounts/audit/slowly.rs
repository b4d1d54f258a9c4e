//! An export that is taken slowly, by somebody who loses the right to it meanwhile (S15)

use portico::domain::{
    audit::{Actor, Change, Entry, Origin},
    id::{AuditId, Id},
};
use reqwest::{Method, Response};

use crate::support::{
    client::Client,
    databases::{Kind, on_both},
    site::Portal,
};

on_both!(an_export_breaks_off_for_whoever_lost_the_right_to_it,);

const PATH: &str = "/account/audit?format=json";

async fn an_export_breaks_off_for_whoever_lost_the_right_to_it(kind: Kind) {
    let portal = Portal::new(kind).await;
    let world = &portal.world;
    let ada = world.user("ada@meridian.example").await;
    let bo = world.colleague("bo@meridian.example", &ada).await;
    let root = world.admin("root@platform.example").await;
    // Two parts, each more than the connection holds while nobody reads.
    let mut tx = world.database.begin().await;
    for _ in 0..1_000 {
        let change = Change::AccountRenamed { from: String::new(), to: "x".repeat(40_000) };
        let (at, actor, origin) = (world.ctx.now(), Actor::Operator, Origin::default());
        let entry = Entry { at, actor, origin, account: Some(ada.account), app: None, change };
        tx.audit(AuditId::generate(at, portico::crypto::random()), entry);
    }
    tx.commit().await.expect("it holds");
    let (owner, member, admin) =
        (portal.signed_in(&ada).await, portal.signed_in(&bo).await, portal.signed_in(&root).await);
    assert_eq!(rest(begun(&owner, PATH).await).await, Ended::Whole, "nothing was taken from her");

    let theirs = begun(&member, PATH).await;
    let bo = world.database.literal(&bo.id);
    world.database.run(&format!("delete from memberships where user_id = {bo}")).await;
    assert_eq!(rest(theirs).await, Ended::BrokenOff, "of a member who was removed");

    let whole = begun(&admin, "/admin/audit?format=json").await;
    world.database.set("users", &root.id, "is_admin = false").await;
    assert_eq!(rest(whole).await, Ended::BrokenOff, "of an admin who is none any more");

    let hers = begun(&owner, PATH).await;
    world.database.run("delete from sessions").await;
    assert_eq!(rest(hers).await, Ended::BrokenOff, "of a session that was ended");
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Whole,
    BrokenOff,
}

/// An answer of which the first bytes have come.
async fn begun(client: &Client, path: &str) -> Response {
    let mut response = client.request(Method::GET, path).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let first = response.chunk().await.expect("bytes").expect("the first ones");
    assert!(first.starts_with(b"["));
    response
}

/// What becomes of it when the rest is taken.
async fn rest(mut response: Response) -> Ended {
    let mut end = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(bytes)) => end = bytes.to_vec(),
            Ok(None) => break,
            Err(_) => return Ended::BrokenOff,
        }
    }
    assert!(end.ends_with(b"]\n"), "what ends well is whole");
    Ended::Whole
}
