//! Rows that tests of a noun stand on, written through the store alone.

use portico::{
    crypto,
    domain::{
        account::{Role, Standing},
        app::AppType,
        id::{AccountId, AppId, Id, UserId},
        password::PasswordHash,
        time::Timestamp,
        user::{Admin, User},
    },
    store::Tx,
};

use crate::support::{databases::TestDatabase, world::parsed};

/// A moment, in seconds after the tests' beginning of time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_504_800 + seconds)
}

/// An id that nothing has yet.
pub(crate) fn new_id<T: Id>() -> T {
    T::generate(at(0), crypto::random())
}

/// What no password hashes to, told from another by `mark`.
pub(crate) fn password_hash(mark: char) -> PasswordHash {
    parsed(&format!("$argon2id$v=19$m=8,t=1,p=1$bm9ib2R5J3Mgc2FsdA${mark}AAA"))
}

/// A user not yet written.
pub(crate) fn unsaved_user(email: &str) -> User {
    User {
        id: new_id(),
        name: parsed("Ada Lovelace"),
        email: parsed(email),
        proven_at: None,
        is_admin: false,
        disabled_at: None,
        created_at: at(0),
        two_step_at: None,
    }
}

pub(crate) async fn user(database: &TestDatabase, email: &str) -> UserId {
    let user = unsaved_user(email);
    let mut tx = database.begin().await;
    tx.insert_user(&user, &password_hash('A')).await.expect("a user");
    tx.commit().await.expect("it holds");
    user.id
}

/// An admin of the platform.
pub(crate) async fn admin(database: &TestDatabase) -> Admin {
    let user = User { is_admin: true, ..unsaved_user("root@platform.example") };
    let mut tx = database.begin().await;
    tx.insert_user(&user, &password_hash('A')).await.expect("a user");
    tx.commit().await.expect("it holds");
    Admin::prove(&user).expect("an admin")
}

pub(crate) async fn account(database: &TestDatabase) -> AccountId {
    let id = new_id();
    let mut tx = database.begin().await;
    tx.insert_account(id, &parsed("Meridian"), Standing::Approved, at(0)).await.expect("an account");
    tx.commit().await.expect("it holds");
    id
}

pub(crate) async fn member(database: &TestDatabase, account: AccountId, user: UserId, role: Role) {
    let mut tx = database.begin().await;
    tx.insert_membership(account, user, role, at(0)).await.expect("a membership");
    tx.commit().await.expect("it holds");
}

/// A draft that holds no name in `app_names`.
pub(crate) async fn draft(tx: &mut Tx, account: AccountId, name: &str, made_at: Timestamp) -> AppId {
    let id = new_id();
    tx.insert_app(id, account, AppType::Jwt, &parsed(name), made_at).await.expect("an app");
    id
}

pub(crate) async fn app(database: &TestDatabase, account: AccountId, name: &str) -> AppId {
    let mut tx = database.begin().await;
    let id = draft(&mut tx, account, name, at(0)).await;
    tx.commit().await.expect("it holds");
    id
}
