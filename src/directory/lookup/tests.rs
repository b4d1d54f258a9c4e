use crate::{
    crypto::keyring::Keyring,
    directory::{Entry, Limits, entry},
    domain::{
        account::Standing,
        credential::ApiKey,
        id::{AccountId, Id, SecretId},
        secret::Secret,
        time::{Clock, Timestamp},
    },
    store::{Changed, Database, KeyedAccount, Store},
};

use super::*;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_795_521_600)
    }
}

/// Over a database in which nobody is.
async fn directory(folder: &tempfile::TempDir) -> Arc<Directory> {
    let store = Store::open(&Database::Sqlite(folder.path().join("portico.db"))).await.unwrap();
    store.migrate().await.unwrap();
    let limits = Limits { entries: 10, stale: Duration::from_secs(60), wait: Duration::from_secs(60) };
    Directory::open(store, Keyring::new(&Secret::new([7; 32])), Arc::new(Noon), limits).await.unwrap()
}

fn entry(id: AccountId, api_key: ApiKey) -> Arc<Entry> {
    let name = String::from("Meridian");
    let account = KeyedAccount { id, name, external_id: None, standing: Standing::Approved, api_key };
    let keys = Keyring::new(&Secret::new([7; 32]));
    entry::assemble(&keys, vec![account], Vec::new(), Vec::new()).pop().unwrap().unwrap().1
}

/// A look-up that this test makes: who asks for the key is told what it tells.
struct Pretended {
    directory: Arc<Directory>,
    key: ApiKey,
    tell: watch::Sender<Telling<Entry>>,
}

impl Pretended {
    fn of(directory: &Arc<Directory>, key: ApiKey) -> Self {
        let (tell, told) = watch::channel(None);
        lock(&directory.accounts.look_ups).under_way.insert(key, told);
        Self { directory: Arc::clone(directory), key, tell }
    }

    /// Has the others begin to wait, and tells them.
    async fn tell(self, entry: Result<Option<Arc<Entry>>, Unreadable>, heard: u64) {
        while self.tell.receiver_count() < 2 {
            tokio::task::yield_now().await;
        }
        lock(&self.directory.accounts.look_ups).under_way.remove(&self.key);
        self.tell.send_replace(Some(Ok(Found { entry, heard })));
    }
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_told_to_who_asks_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder).await;
    let (key, account) = (ApiKey::from_random([1; 16]), AccountId::from_uuid(uuid::Uuid::from_u128(1)));
    let heard = directory.accounts.heard();
    let pretended = Pretended::of(&directory, key);
    let (found, ()) =
        tokio::join!(directory.account(key.as_str()), pretended.tell(Ok(Some(entry(account, key))), heard));
    assert!(found.unwrap().is_some(), "nothing changed since it was read");
    let pretended = Pretended::of(&directory, key);
    directory.forget(Changed { revision: 1, account });
    let (found, ()) =
        tokio::join!(directory.account(key.as_str()), pretended.tell(Ok(Some(entry(account, key))), heard));
    assert!(found.unwrap().is_none(), "it was asked anew, and is gone");
    assert!(lock(&directory.accounts.look_ups).under_way.is_empty());
}

#[tokio::test]
async fn a_secret_that_did_not_open_before_a_change_is_not_told_to_who_asks_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder).await;
    let (key, account) = (ApiKey::from_random([1; 16]), AccountId::from_uuid(uuid::Uuid::from_u128(1)));
    let sealed = Unreadable { account, secret: SecretId::from_uuid(uuid::Uuid::nil()) };
    let heard = directory.accounts.heard();
    let pretended = Pretended::of(&directory, key);
    let (found, ()) = tokio::join!(directory.account(key.as_str()), pretended.tell(Err(sealed), heard));
    assert!(matches!(found, Err(Blind::Sealed(_))));
    let pretended = Pretended::of(&directory, key);
    directory.forget(Changed { revision: 1, account });
    let (found, ()) = tokio::join!(directory.account(key.as_str()), pretended.tell(Err(sealed), heard));
    assert!(found.unwrap().is_none(), "it was asked anew, and is gone");
}

#[tokio::test]
async fn a_look_up_that_ends_without_an_outcome_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder).await;
    let key = ApiKey::from_random([1; 16]);
    let Pretended { tell, .. } = Pretended::of(&directory, key);
    drop(tell);
    assert!(matches!(directory.account(key.as_str()).await, Err(Blind::Late(_))));
}
