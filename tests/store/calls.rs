//! What became of calls, written in groups.

use portico::{
    actions::calls::flush,
    domain::{
        authorization::Code,
        calls::{Calls, CallsOf, Hour, RefusedCall, SignedWith, Uses},
        id::{AccountId, RefusedCallId, SecretId},
        time::{Span, Timestamp},
    },
    store::Tx,
    tally::{Call, Outcome, Seats},
};

use crate::{
    rows::{at, new_id},
    support::{
        databases::{Kind, on_both},
        world::{Person, World},
    },
};

on_both!(
    counts_of_several_processes_add_up,
    an_old_secrets_uses_add_up_and_the_last_one_stays,
    of_refused_calls_the_last_of_an_account_are_kept,
    what_cannot_be_written_is_written_later,
    old_counts_are_swept_away,
);

fn calls(allowed: u64, refused: u64) -> Calls {
    Calls { allowed, refused, unnamed: 0 }
}

fn refused(at: Timestamp, app: Option<portico::domain::id::AppId>) -> RefusedCall {
    RefusedCall {
        app,
        at,
        code: Code::TokenExpired,
        detail: "The token expired 61 seconds ago.".into(),
        off_by_s: Some(61),
        signed_with: SignedWith::OldSecret,
        address: Some("2001:db8::7".parse().expect("an address")),
    }
}

fn count(world: &World, account: AccountId, outcome: Outcome) {
    world.ctx.tally.count(Call {
        account: Some(account),
        is_unnamed: false,
        old_secret: None,
        outcome,
        seats: Seats::default(),
    });
}

async fn with_app(kind: Kind) -> (World, Person, portico::domain::app::App) {
    let world = World::new(kind).await;
    let owner = world.user("ada@meridian.example").await;
    let app = world.jwt_app(&owner, "Relay").await;
    (world, owner, app)
}

async fn counts_of_several_processes_add_up(kind: Kind) {
    let (world, owner, app) = with_app(kind).await;
    let hour = Hour::of(world.ctx.now());
    for (of, calls) in [
        (CallsOf::App(app.id), calls(3, 1)),
        (CallsOf::App(app.id), calls(4, 0)),
        (CallsOf::Unnamed(owner.account), calls(2, 0)),
    ] {
        let mut tx = world.database.begin().await;
        tx.add_calls(&[(of, hour.before(30), calls), (of, hour, calls)]).await.expect("added");
        tx.commit().await.expect("it holds");
    }
    let mut read = world.database.read().await;
    let since = Hour::a_day_before(world.ctx.now());
    let seven = [(hour, calls(7, 1))];
    assert_eq!(read.app_calls(owner.account, app.id, since).await.expect("counts"), seven);
    assert_eq!(read.pair_calls(owner.account, since).await.expect("counts"), seven);
    let unnamed = read.unnamed_calls(owner.account, since).await.expect("counts");
    assert_eq!(unnamed, [(hour, calls(2, 0))]);
    assert_eq!(read.app_calls(owner.account, app.id, hour.before(99)).await.expect("counts").len(), 2);
    let stranger = new_id::<AccountId>();
    assert!(read.app_calls(stranger, app.id, since).await.expect("counts").is_empty());
}

async fn an_old_secrets_uses_add_up_and_the_last_one_stays(kind: Kind) {
    let (world, owner, _) = with_app(kind).await;
    let mut read = world.database.read().await;
    let secrets = read.api_secrets(owner.account, world.ctx.now()).await.expect("secrets");
    let secret: SecretId = secrets.first().expect("one").facts.id;
    for (calls, second) in [(2, 9), (3, 5)] {
        let mut tx = world.database.begin().await;
        tx.add_old_secret_uses(secret, Uses { calls, last_at: at(second) }).await.expect("added");
        tx.commit().await.expect("it holds");
    }
    let uses = read.old_secret_uses(owner.account).await.expect("uses");
    assert_eq!(uses, [(secret, Uses { calls: 5, last_at: at(9) })]);
}

async fn of_refused_calls_the_last_of_an_account_are_kept(kind: Kind) {
    let (world, owner, app) = with_app(kind).await;
    let other = world.user("bo@other.example").await;
    let mut tx = world.database.begin().await;
    let write = async |tx: &mut Tx, account, call: &RefusedCall| {
        tx.insert_refused_call(new_id::<RefusedCallId>(), account, call).await.expect("written");
    };
    let strangers =
        |second| RefusedCall { signed_with: SignedWith::Unknown, ..refused(at(second), Some(app.id)) };
    for second in 0..12 {
        write(&mut tx, owner.account, &refused(at(second), (second % 2 == 0).then_some(app.id))).await;
        // Later than all of the account's own, and many more: they push none of these out.
        for later in 0..3 {
            write(&mut tx, owner.account, &strangers(100 + 3 * second + later)).await;
        }
    }
    write(&mut tx, other.account, &refused(at(0), None)).await;
    assert_eq!(tx.trim_refused_calls(owner.account, 10, 4).await.expect("trimmed"), 2 + 32);
    assert_eq!(tx.trim_refused_calls(owner.account, 10, 4).await.expect("trimmed"), 0);
    tx.commit().await.expect("it holds");
    let mut read = world.database.read().await;
    let kept = read.refused_calls(owner.account, app.id, None, 50).await.expect("calls");
    let own = (2..12).rev().map(|second| refused(at(second), (second % 2 == 0).then_some(app.id)));
    let expected: Vec<_> = (132..136).rev().map(strangers).chain(own).collect();
    assert_eq!(kept, expected, "those of the app and those that name none, the newest first");
    let none = read.refused_calls(owner.account, app.id, Some(Code::AppDraft), 50).await.expect("calls");
    assert!(none.is_empty());
    assert_eq!(read.refused_calls(other.account, app.id, None, 50).await.expect("calls").len(), 1);
}

async fn what_cannot_be_written_is_written_later(kind: Kind) {
    let (world, owner, app) = with_app(kind).await;
    let now = world.ctx.now();
    count(&world, owner.account, Outcome::Allowed { app: Some(app.id), at: now });
    count(&world, owner.account, Outcome::Refused(refused(now, Some(app.id))));
    world.database.run("alter table refused_calls rename to elsewhere").await;
    flush(&world.ctx).await.expect_err("a table is missing");
    count(&world, owner.account, Outcome::Allowed { app: Some(app.id), at: now });
    world.database.run("alter table elsewhere rename to refused_calls").await;
    flush(&world.ctx).await.expect("all is there again");
    flush(&world.ctx).await.expect("nothing to write");
    let mut read = world.database.read().await;
    let counted = read.app_calls(owner.account, app.id, Hour::of(now)).await.expect("counts");
    assert_eq!(counted, [(Hour::of(now), calls(2, 1))]);
    assert_eq!(read.refused_calls(owner.account, app.id, None, 50).await.expect("calls").len(), 1);
}

async fn old_counts_are_swept_away(kind: Kind) {
    let (world, owner, app) = with_app(kind).await;
    let now = world.ctx.now();
    for days in [0, 30, 32] {
        let at = now - Span::days(days);
        count(&world, owner.account, Outcome::Allowed { app: Some(app.id), at });
        count(&world, owner.account, Outcome::Refused(refused(at, Some(app.id))));
    }
    flush(&world.ctx).await.expect("written");
    portico::actions::housekeeping::sweep(&world.ctx).await.expect("swept");
    let mut read = world.database.read().await;
    let calls = read.app_calls(owner.account, app.id, Hour::of(now - Span::days(99))).await.expect("counts");
    assert_eq!(calls.len(), 2);
    assert_eq!(read.refused_calls(owner.account, app.id, None, 50).await.expect("calls").len(), 2);
}
