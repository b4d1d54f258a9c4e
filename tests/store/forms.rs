use crate::{
    rows::at,
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_form_works_once_and_tells_what_it_made,
    a_form_whose_work_is_undone_works_again,
    old_forms_are_swept
);

async fn a_form_works_once_and_tells_what_it_made(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tx = database.begin().await;
    assert!(tx.use_form(b"form", "first", at(0)).await.expect("the first time"));
    assert!(!tx.use_form(b"form", "second", at(1)).await.expect("the second time"));
    assert!(tx.use_form(b"other", "other", at(1)).await.expect("another form"));
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert_eq!(conn.form_use(b"form").await.expect("a row").as_deref(), Some("first"));
    assert_eq!(conn.form_use(b"never").await.expect("no row"), None);
}

async fn a_form_whose_work_is_undone_works_again(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tx = database.begin().await;
    assert!(tx.use_form(b"form", "first", at(0)).await.expect("the first time"));
    drop(tx);
    let mut tx = database.begin().await;
    assert!(tx.use_form(b"form", "second", at(1)).await.expect("the first time that holds"));
}

async fn old_forms_are_swept(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tx = database.begin().await;
    for (form, second) in [(b"old", 1), (b"new", 2)] {
        assert!(tx.use_form(form, "made", at(second)).await.expect("the first time"));
    }
    assert_eq!(tx.delete_old_form_uses(at(2)).await.expect("one"), 1);
    assert_eq!(tx.form_use(b"old").await.expect("no row"), None);
    assert!(tx.form_use(b"new").await.expect("a row").is_some());
}
