//! Recovery codes

use portico::domain::time::Span;
use reqwest::Method;

use super::TwoSteps;
use crate::support::{
    authenticator::recovery_codes,
    databases::{Kind, on_both},
    world::PASSWORD,
};

on_both!(
    a_recovery_code_signs_in_once_and_is_told_by_mail,
    new_recovery_codes_make_the_old_ones_void,
    neither_the_secret_nor_a_code_stands_in_the_database,
    a_sealed_secret_opens_for_its_own_user_alone,
);

async fn a_recovery_code_signs_in_once_and_is_told_by_mail(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    two.portal.letters().await;
    let (client, _) = two.half_way().await;
    // As somebody copies it from paper.
    let typed = two.codes[3].to_uppercase().replace('-', " ");
    assert_eq!(two.enter(&client, &typed).await.location(), "/apps");
    let letters = two.portal.letters().await;
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    assert!(letter.whole.contains("To: ada@meridian.example"), "{}", letter.whole);
    assert!(letter.whole.contains("Codes that are left: 9."), "{}", letter.whole);
    assert_eq!(letter.link(&two.portal), "/settings/two-step");
    assert!(client.visit("/settings/two-step").await.says("9 of 10 are left"));
    assert_eq!(two.portal.world.database.audited("recovery_code_used").await, 1);

    let (client, _) = two.half_way().await;
    assert_eq!(two.enter(&client, &two.codes[3]).await.status, 422, "each works once");
    assert_eq!(two.enter(&client, "0000-0000-0000-0000").await.status, 422);
    for (used, words) in [
        (0, "8 of 10"),
        (1, ""),
        (2, ""),
        (4, ""),
        (5, ""),
        (6, "3 recovery codes"),
        (7, ""),
        (8, "One recovery code"),
        (9, "No recovery code"),
    ] {
        let (client, _) = two.half_way().await;
        assert_eq!(two.enter(&client, &two.codes[used]).await.location(), "/apps", "{used}");
        assert!(client.visit("/settings/two-step").await.says(words), "{words}");
    }
}

async fn new_recovery_codes_make_the_old_ones_void(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let (other, _) = two.half_way().await;
    two.enter(&other, &two.code()).await;
    two.next_code();
    two.portal.letters().await;
    let at = "/settings/two-step/codes";
    let form = two.client.visit("/settings/two-step").await.form(at);
    let refused = two.client.submit(&form.clone().with("renew_code", &two.code())).await;
    assert_eq!(refused.status, 422);
    assert!(refused.errors()["renew_password"].contains("Enter your password"));
    let refused = two.client.submit(&form.clone().with("renew_password", PASSWORD)).await;
    assert!(refused.errors()["renew_code"].contains("Enter the code"));
    assert_eq!(two.portal.world.database.audited("recovery_codes_renewed").await, 0);

    let form = form.with("renew_password", PASSWORD).with("renew_code", &two.code());
    let page = two.client.submit(&form).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!((page.header("cache-control"), page.header("content-encoding")), ("no-store", "identity"));
    let new = recovery_codes(&page);
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !two.codes.contains(code)));
    assert!(other.get("/apps").await.location().starts_with("/sign-in"), "the other session ended (S9)");
    let letters = two.portal.letters().await;
    assert!(letters.len() == 1 && letters[0].whole.contains("recovery codes"), "{letters:?}");

    // Sent twice, it does its work once, and what is shown once is not shown again.
    let csrf = page.form("/sign-out").value("csrf").map(str::to_owned).expect("a value");
    let again = two.client.submit(&form.with("csrf", &csrf)).await;
    assert_eq!(again.location(), "/settings/two-step");
    assert!(two.client.follow(&again).await.says("This form was sent twice."));
    assert_eq!(two.portal.world.database.audited("recovery_codes_renewed").await, 1);

    let (client, _) = two.half_way().await;
    assert_eq!(two.enter(&client, &two.codes[0]).await.status, 422);
    assert_eq!(two.enter(&client, &new[0]).await.location(), "/apps");
}

async fn neither_the_secret_nor_a_code_stands_in_the_database(kind: Kind) {
    let portal = crate::support::site::Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let page = client.visit("/settings/two-step").await;
    let secret: String = page.texts("#secret").join("").split_whitespace().collect();
    let form = page.form("/settings/two-step").with("password", PASSWORD);
    let app = crate::support::authenticator::Authenticator::told(&secret);
    let code = app.code(portal.world.ctx.now());
    let page = client.submit(&form.with("code", &code)).await;
    let codes = recovery_codes(&page);
    assert_eq!(codes.len(), 10, "{}", page.text());
    portal.world.clock.advance(Span::seconds(30));
    let door = portal.client();
    let fields = [("email", ada.email.as_str()), ("password", PASSWORD)];
    let half = super::cookie(&door.fill("/sign-in", "/sign-in", &fields).await, "portico-half");

    let bytes = totp_rs::Secret::try_from_base32(&secret).expect("base32");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut canaries = vec![secret.clone(), hex(secret.as_bytes()), hex(bytes.as_bytes())];
    for code in codes.iter().chain(&half) {
        let bare = code.replace('-', "");
        canaries.extend([hex(code.as_bytes()), hex(bare.as_bytes()), code.clone(), bare]);
    }
    let dump = format!("{:?}", portal.world.database.dump().await).to_lowercase();
    for canary in canaries {
        assert!(!dump.contains(&canary.to_lowercase()), "{canary} stands in the database");
    }
    let rows = portal.world.database.dump().await;
    assert_eq!(
        [rows["second_factors"].len(), rows["recovery_codes"].len(), rows["half_sign_ins"].len()],
        [1, 10, 1]
    );
}

/// Whoever can write to the database gives Ada a secret of their own (S27).
async fn a_sealed_secret_opens_for_its_own_user_alone(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let eve = two.portal.world.user("eve@evil.example").await;
    let client = two.portal.signed_in(&eve).await;
    let (evil, _) = crate::support::authenticator::turn_on(&two.portal, &client).await;
    two.next_code();
    let database = &two.portal.world.database;
    let (hers, theirs) = (database.literal(&two.ada.id), database.literal(&eve.id));
    let copy = format!(
        "update second_factors set secret_sealed = (select secret_sealed from second_factors where user_id = {theirs}) where user_id = {hers}"
    );
    database.run(&copy).await;
    let (client, _) = two.half_way().await;
    let page = two.enter(&client, &evil.code(two.portal.world.ctx.now())).await;
    assert_eq!(page.status, 422);
    assert_eq!(database.audited("second_factor_unreadable").await, 1);
    let request = client.request(Method::GET, "/apps");
    assert!(client.send(request).await.location().starts_with("/sign-in?next="));
}
