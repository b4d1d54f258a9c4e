//! The icon of an app: looked at before it is sent, kept aside when another field is refused,
//! replaced and removed.

use crate::{
    browser::{Browser, Look, Script},
    person::{picture, signed_in},
    support::{databases::Kind, site::Portal},
};

const LABEL: &str = "App icon (optional)";

/// A browser at the information of a draft.
async fn at_information(portal: &Portal, script: Script) -> Browser {
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let browser = signed_in(portal, &ada, Look { script, ..Look::default() }).await;
    browser.visit(&format!("/apps/{}/information", app.id)).await;
    browser
}

/// Where the preview comes from, once the picture is there.
async fn preview(browser: &Browser) -> String {
    let script = "
        const image = document.querySelector('#icon-tile img');
        return image && image.decode().then(() => image.src, () => 'broken');";
    let answer = browser.driver().execute(script, vec![]).await.expect("a script");
    answer.json().as_str().unwrap_or("no picture").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_icon_chosen_once_survives_the_error_of_another_field() {
    for script in [Script::On, Script::Off] {
        let portal = Portal::new(Kind::Sqlite).await;
        let browser = at_information(&portal, script).await;
        let icon = picture(200);
        browser.fill("Short description", "Passes meetings on").await;
        browser.fill("Company name", "Meridian GmbH").await;
        browser.fill("Contact name", "Ada Lovelace").await;
        browser.fill("Contact email", "not an address").await;
        browser.attach(LABEL, icon.path()).await;
        browser.press("Save").await;
        browser.sees("Enter an address such as name@example.com.").await;
        assert!(browser.title().await.starts_with("Error: Information"));
        let kept = preview(&browser).await;
        assert!(kept.contains("/icons/"), "{kept}");
        assert!(!browser.has(".apphead img").await, "not the app's yet");

        // Refused once more, for another reason.
        browser.fill("Contact email", "ada@meridian.example").await;
        browser.fill("Short description", "").await;
        browser.press("Save").await;
        browser.sees("Enter the short description.").await;
        assert_eq!(preview(&browser).await, kept);

        browser.fill("Short description", "Passes meetings on").await;
        browser.press("Save").await;
        browser.sees("Information saved.").await;
        assert_eq!(preview(&browser).await, kept);
        assert!(browser.has(".apphead img").await, "the app's own now");

        browser.tick("Remove the icon").await;
        browser.press("Save").await;
        browser.sees("Information saved.").await;
        assert_eq!(preview(&browser).await, "no picture");
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_icon_is_looked_at_before_it_is_sent() {
    let portal = Portal::new(Kind::Sqlite).await;
    let browser = at_information(&portal, Script::On).await;
    let (small, fits) = (picture(100), picture(160));
    browser.attach(LABEL, small.path()).await;
    browser.sees("This image is 100 × 100 pixels; it must be square, 160 to 400 pixels a side.").await;
    assert_eq!(preview(&browser).await, "no picture");
    browser.attach(LABEL, fits.path()).await;
    browser.sees("This icon fits.").await;
    assert!(preview(&browser).await.starts_with("blob:"), "shown from where it is");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_icon_leaves_the_old_one_and_what_was_typed() {
    let portal = Portal::new(Kind::Sqlite).await;
    let browser = at_information(&portal, Script::Off).await;
    let (fits, small) = (picture(400), picture(159));
    browser.fill("Short description", "Passes meetings on").await;
    browser.fill("Company name", "Meridian GmbH").await;
    browser.fill("Contact name", "Ada Lovelace").await;
    browser.fill("Contact email", "ada@meridian.example").await;
    browser.attach(LABEL, fits.path()).await;
    browser.press("Save").await;
    let old = preview(&browser).await;
    assert!(old.contains("/icons/"), "{old}");

    browser.fill("Short description", "Passes other things on").await;
    browser.attach(LABEL, small.path()).await;
    browser.press("Save").await;
    browser.sees("159 × 159 pixels").await;
    assert_eq!(preview(&browser).await, old);
    let typed = "return document.getElementById('short_description').value";
    let typed = browser.driver().execute(typed, vec![]).await.expect("a value");
    assert_eq!(typed.json().as_str(), Some("Passes other things on"));
    browser.close().await;
}
