use crate::support::databases::{BOTH, TestDatabase};

#[tokio::test]
async fn every_statement_can_be_prepared_on_both_databases() {
    for kind in BOTH {
        let database = TestDatabase::new(kind).await;
        let refused = database.store.refused_statements().await.expect("a connection");
        assert!(refused.is_empty(), "{kind:?} refuses {refused:#?}");
    }
}
