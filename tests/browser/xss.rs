//! Text that would be script (S23): forty ways to write it, in every field that keeps text, on
//! every page that shows it. The content security policy is off here, so that escaping alone
//! must hold; the other tests show that the policy is there.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portico::{
    actions::{self, information::IconChoice},
    domain::{account::Role, app::App, id::SubscriptionId, subscription::NewSubscription},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Look},
    deliveries::Sent,
    person::signed_in,
    support::{
        databases::Kind,
        site::Portal,
        world::{self, PASSWORD, Person, parsed},
    },
};

/// At most 50 characters each, so that every field takes them whole. `pwn()` leaves a mark.
const PAYLOADS: [&str; 40] = [
    "<script>pwn()</script>",
    "</script><script>pwn()</script>",
    "</title><script>pwn()</script>",
    "</textarea><script>pwn()</script>",
    "</style><script>pwn()</script>",
    "--><script>pwn()</script>",
    "<!--><script>pwn()</script>",
    "]]><script>pwn()</script>",
    "<ScRiPt>pwn(1)</sCrIpT>",
    "<script/x>pwn()</script>",
    "<script src=data:,pwn()></script>",
    "<<script>pwn()//<</script>",
    "<img src=x onerror=pwn()>",
    "<img/src=x/onerror=pwn()>",
    "\"><img src=x onerror=pwn()>",
    "'><img src=x onerror=pwn()>",
    "`><img src=x onerror=pwn()>",
    "<image src=x onerror=pwn()>",
    "<svg onload=pwn()>",
    "<svg/onload=pwn()>",
    "\"><svg onload=pwn()>",
    "<svg><script>pwn()</script>",
    "<svg><animate onbegin=pwn() attributeName=x>",
    "<math><mi xlink:href=javascript:pwn()>x",
    "<body onload=pwn()>",
    "<input autofocus onfocus=pwn()>",
    "<select autofocus onfocus=pwn()>",
    "<details open ontoggle=pwn()>",
    "<video src=x onerror=pwn()>",
    "<audio src=x onerror=pwn()>",
    "<iframe srcdoc=\"<script>parent.pwn()</script>\">",
    "<iframe src=javascript:parent.pwn()>",
    "<object data=javascript:pwn()>",
    "<a href=javascript:pwn()>a</a>",
    "\" autofocus onfocus=pwn() x=\"",
    "' autofocus onfocus=pwn() x='",
    "\" style=animation-name:x onanimationstart=pwn()//",
    "{{7*7}}{% pwn() %}${pwn()}",
    "&lt;script&gt;pwn()&lt;/script&gt;",
    "javascript:pwn()//",
];

/// Before any page's own script: what the payloads call.
const CANARY: &str = "window.pwn = () => { document.documentElement.dataset.pwned = 'yes'; };";

/// A browser without a content security policy, in which a payload that runs leaves its mark.
async fn unguarded(portal: &Portal, user: &Person) -> Browser {
    let browser = signed_in(portal, user, Look::default()).await;
    unguard(&browser).await;
    browser
}

async fn unguard(browser: &Browser) {
    let devtools = browser.driver().cdp();
    let canary = json!({ "source": CANARY });
    devtools.send_raw("Page.enable", json!({})).await.expect("pages are watched");
    devtools.send_raw("Page.setBypassCSP", json!({ "enabled": true })).await.expect("the policy is off");
    devtools.send_raw("Page.addScriptToEvaluateOnNewDocument", canary).await.expect("the canary is there");
}

/// Fails if anything of a payload became more than text. A dialog would fail the script itself.
async fn assert_only_text(browser: &Browser, payload: &str) {
    let script = "
        const marks = [...document.querySelectorAll('*')].filter(element =>
            [...element.attributes].some(({ name, value }) =>
                name.startsWith('on') || value.trim().toLowerCase().startsWith('javascript:')
                    && ['href', 'src', 'data', 'action', 'xlink:href'].includes(name)));
        const alien = document.querySelectorAll(
            'script:not([src^=\"/assets/\"]), iframe, object, embed, video, audio, math, image');
        return [document.documentElement.dataset.pwned ?? null,
            [...marks, ...alien].map(element => element.outerHTML.slice(0, 200))];";
    let answer = browser.driver().execute(script, vec![]).await;
    let answer = answer.unwrap_or_else(|error| panic!("{payload} on a page: {error}"));
    let path = browser.path().await;
    assert_eq!(answer.json(), &json!([Value::Null, []]), "{payload} on {path}");
}

/// As [`assert_only_text`], and each of these elements shows the payload letter by letter.
async fn assert_shown(browser: &Browser, path: &str, elements: &[&str], payload: &str) {
    browser.visit(path).await;
    assert_stands(browser, elements, payload).await;
}

async fn assert_stands(browser: &Browser, elements: &[&str], payload: &str) {
    assert_only_text(browser, payload).await;
    let script = "return arguments[0].map(css => [...document.querySelectorAll(css)]
        .map(element => element.value || element.textContent))";
    let answer = browser.driver().execute(script, vec![json!(elements)]).await.expect("texts");
    let texts: Vec<Vec<String>> = answer.convert().expect("texts");
    for (css, texts) in elements.iter().zip(texts) {
        let shown = texts.iter().any(|text| text.contains(payload));
        assert!(shown, "{payload} in {css} of {}: {texts:?}", browser.path().await);
    }
}

/// That a payload would be noticed at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_not_escaped_leaves_its_mark() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let browser = unguarded(&portal, &ada).await;
    for payload in ["<script>pwn()</script>", "<img src=x onerror=pwn()>", "<svg onload=pwn()>"] {
        browser.visit("/apps").await;
        assert_only_text(&browser, payload).await;
        let write = "const [payload, done] = arguments;
            document.write(payload); document.close(); setTimeout(done, 200);";
        browser.driver().execute_async(write, vec![json!(payload)]).await.expect("it is written");
        let mark = "return document.documentElement.dataset.pwned";
        let mark = browser.driver().execute(mark, vec![]).await.expect("a mark");
        assert_eq!(mark.json(), "yes", "{payload}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_typed_is_text_on_every_page_of_an_app() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let browser = unguarded(&portal, &ada).await;
    for payload in PAYLOADS {
        let (app, sub) = hostile_app(&portal, &ada, payload).await;
        let page = |step: &str| format!("/apps/{}{step}", app.id);
        let sub = page(&format!("/subscriptions/{sub}"));
        let head = ".apphead-name a";
        let fields = ["#name", "#short_description", "#long_description", "#company_name", "#contact_name"];
        assert_shown(&browser, &page(""), &[head, "title", "#delete-stops", ".activity"], payload).await;
        assert_shown(&browser, &page("/information"), &fields, payload).await;
        assert_shown(&browser, &page("/credentials"), &[head, "#regenerate-stops"], payload).await;
        assert_shown(&browser, &page("/features"), &["table a"], payload).await;
        assert_shown(&browser, &page("/activation"), &[head, "dd", "dt"], payload).await;
        assert_shown(&browser, &sub, &["#name", "h1", "title"], payload).await;
        let log = ["td a", "td small", ".changes ins"];
        assert_shown(&browser, "/account/audit", &log, payload).await;
    }
    // All of them in one list, whichever comes first.
    assert_shown(&browser, "/apps", &["th a"], "pwn()").await;
    browser.follow("Next page").await;
    assert_stands(&browser, &["th a"], "pwn()").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_are_called_is_text_on_every_page() {
    let portal = Portal::new(Kind::Postgres).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let browser = unguarded(&portal, &ada).await;
    let client = portal.signed_in(&ada).await;
    portal.world.invite(&ada, "bo@other.example", Role::Viewer).await;
    let letters = portal.letters().await;
    let invitation = letters.first().expect("a letter").link(&portal);
    for payload in PAYLOADS {
        client.fill("/account", "/account", &[("name", payload)]).await.location();
        client.fill("/settings", "/settings/profile", &[("name", payload)]).await.location();
        let menus = ["#menu-user p", "#menu-account span"];
        assert_shown(&browser, "/account", &["h1", "title", "th", "#name"], payload).await;
        assert_shown(&browser, "/settings", &menus, payload).await;
        let log = ["td[data-label=Who]", ".changes ins", "title", ".lead"];
        assert_shown(&browser, "/account/audit", &log, payload).await;
        assert_shown(&browser, "/settings", &[".danger-zone"], payload).await;
        let member = format!("/account/members/{}", ada.id);
        assert_shown(&browser, &member, &["h1", "title", ".eyebrow"], payload).await;
        assert_shown(&browser, &invitation, &["h1", "title"], payload).await;
        assert_shown(&browser, &format!("/apps/{}", app.id), &["dd", ".activity"], payload).await;
        assert_shown(&browser, &format!("/apps/{}/credentials", app.id), &[".note"], payload).await;
    }
}

/// What an endpoint answers comes from anybody whom a developer sends to.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_answers_is_text() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let browser = unguarded(&portal, &ada).await;
    for payload in PAYLOADS {
        let (app, to) = hostile_app(&portal, &ada, payload).await;
        let sent = Sent { world: &portal.world, owner: &ada, app: &app, to };
        let delivery = sent.failed(payload).await;
        let list = format!("/apps/{}/deliveries", app.id);
        let written: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        assert_shown(&browser, &list, &["th small", "title"], payload).await;
        assert_shown(&browser, &format!("{list}/{delivery}"), &["#r1", "dd a", "title"], payload).await;
        browser.visit(&format!("{list}?event={written}&since={written}&failed_since={written}")).await;
        assert_only_text(&browser, payload).await;
    }
    browser.close().await;
}

/// Admins look at what anybody typed.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_typed_is_text_in_the_console() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let root = portal.world.admin("root@platform.example").await;
    let browser = unguarded(&portal, &root).await;
    let client = portal.signed_in(&ada).await;
    for payload in PAYLOADS {
        let (app, to) = hostile_app(&portal, &ada, payload).await;
        Sent { world: &portal.world, owner: &ada, app: &app, to }.failed(payload).await;
        client.fill("/account", "/account", &[("name", payload)]).await.location();
        client.fill("/settings", "/settings/profile", &[("name", payload)]).await.location();
        let written: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        let page = format!("/admin/apps/{}", app.id);
        assert_shown(&browser, &page, &["h1", "title", "dd", ".activity", "th small"], payload).await;
        assert_shown(&browser, &format!("/admin/apps?q={written}"), &["#q"], payload).await;
        assert_shown(&browser, &format!("/admin/accounts/{}", ada.account), &["h1", "title"], payload).await;
        assert_shown(&browser, &format!("/admin/users/{}", ada.id), &["h1", "title"], payload).await;
        assert_shown(&browser, "/admin/audit", &["td[data-label=Who]", ".changes ins"], payload).await;
    }
    assert_shown(&browser, "/admin/apps", &["th a"], "pwn()").await;
    assert_shown(&browser, "/admin/accounts", &["th a"], "pwn()").await;
    assert_shown(&browser, "/admin/users", &["th a"], "pwn()").await;
    browser.close().await;
}

/// How a browser calls itself is told in words of ours; nothing of it comes through.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_calls_itself_is_not_believed() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let browser = unguarded(&portal, &ada).await;
    for payload in PAYLOADS.chunks(8) {
        sign_in_as(&portal, &ada, &payload.join(" ")).await;
    }
    assert_shown(&browser, "/settings", &["th"], "An unknown browser").await;
}

/// Written into a link, or typed into a form that is refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_straight_back_is_text() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let visitor = Browser::open(&portal.site.url, Look::default()).await;
    unguard(&visitor).await;
    let browser = unguarded(&portal, &ada).await;
    let all = PAYLOADS.join(" ");
    let written: String = url::form_urlencoded::byte_serialize(all.as_bytes()).collect();
    assert_shown(&browser, &format!("/apps?q={written}"), &["#q"], &all).await;
    assert_shown(&browser, &format!("/confirm?next={written}"), &["[name=next]"], &all).await;
    assert_shown(&visitor, &format!("/sign-in?next={written}"), &["[name=next]"], &all).await;
    for path in ["/verify-email?token=", "/password/reset?token=", "/setup?token=", "/no-such-page?"] {
        visitor.visit(&format!("{path}{written}")).await;
        assert_only_text(&visitor, &all).await;
    }
    for (path, button) in
        [("/sign-up", "Create account"), ("/sign-in", "Sign in"), ("/password/forgot", "Send the link")]
    {
        assert_refused(&visitor, path, button, &all).await;
    }
    let at = |page: &str| format!("/apps/{}{page}", app.id);
    for (path, button) in [
        (String::from("/account"), "Save"),
        (String::from("/accounts/new"), "Create account"),
        (String::from("/settings"), "Save name"),
        (String::from("/settings"), "Change email"),
        (String::from("/apps/new"), "Create"),
        (at(""), "Delete"),
        (at("/information"), "Save"),
        (at("/subscriptions/new"), "Save"),
    ] {
        assert_refused(&browser, &path, button, &all).await;
    }
}

/// Nobody needs an account here to write what a token says.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_says_is_text() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let browser = unguarded(&portal, &ada).await;
    let encode = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    for payload in PAYLOADS {
        let header = encode(json!({ "alg": "HS256", "kid": payload }));
        let claims = json!({ "iss": payload, "sub": payload, "exp": 1, "aud": payload, payload: payload });
        for token in [format!("{header}.{}.eA", encode(claims)), URL_SAFE_NO_PAD.encode(payload) + ".."] {
            browser.visit("/account/token-debugger").await;
            let fill = "document.querySelector('#token').value = arguments[0]";
            browser.driver().execute(fill, vec![json!(token)]).await.expect("it is typed");
            browser.press("Check token").await;
            browser.sees("would be refused").await;
            assert_only_text(&browser, payload).await;
        }
        // As JSON writes it, and where it is no JSON as it is.
        assert_stands(&browser, &["#header-json"], payload).await;
    }
    browser.close().await;
}

/// Puts the payload into every field of the button's form, sends it, and looks at what comes back.
async fn assert_refused(browser: &Browser, path: &str, button: &str, payload: &str) {
    browser.visit(path).await;
    let fill = "
        const button = [...document.querySelectorAll('main button')]
            .find(button => button.innerText.trim() === arguments[0]);
        const fields = [...button.form.querySelectorAll(
            'input:not([type]), input[type=text], input[type=email], input[type=url], textarea')];
        for (const field of fields.filter(field => !field.hidden)) {
            field.value = arguments[1];
            // The browser itself would change what is in such fields.
            if (field.type === 'email' || field.type === 'url') field.type = 'text';
        }
        return fields.filter(field => !field.hidden).map(field => '#' + field.id);";
    let filled = browser.driver().execute(fill, vec![json!(button), json!(payload)]).await;
    let filled: Vec<String> = filled.expect("fields").convert().expect("their ids");
    assert!(!filled.is_empty(), "a field on {path}");
    browser.press(button).await;
    browser.sees("There is a problem").await;
    let filled: Vec<&str> = filled.iter().map(String::as_str).collect();
    assert_stands(browser, &filled, payload).await;
}

/// An app that holds the payload wherever text goes.
async fn hostile_app(portal: &Portal, ada: &Person, payload: &str) -> (App, SubscriptionId) {
    let world = &portal.world;
    let app = world.jwt_app(ada, payload).await;
    let in_a_url = format!("https://meridian.example/?'{payload}");
    let new = actions::information::NewInformation {
        short_description: parsed(payload),
        long_description: Some(parsed(&format!("{payload}\n{payload}"))),
        company_name: parsed(payload),
        contact_name: parsed(payload),
        privacy_policy_url: in_a_url.parse().ok(),
        terms_url: in_a_url.parse().ok(),
        support_url: in_a_url.parse().ok(),
        ..world::information(payload)
    };
    let acting = world.acting(ada);
    actions::information::save(&world.ctx, &acting, app.id, new, IconChoice::Keep).await.expect("saved");
    let new = NewSubscription { name: Some(parsed(payload)), ..world::subscribing_to(&["meeting.started"]) };
    let created = actions::subscriptions::create(&world.ctx, &acting, &app, world.form(ada), &new).await;
    (app, created.expect("the subscription is made").into_inner())
}

/// A session more, of a browser that calls itself so.
async fn sign_in_as(portal: &Portal, user: &Person, user_agent: &str) {
    let client = portal.client();
    let form = client.visit("/sign-in").await.form("/sign-in");
    let form = form.with("email", user.email.as_str()).with("password", PASSWORD);
    let request = client.request(Method::POST, "/sign-in").header("user-agent", user_agent);
    assert_eq!(client.send(request.form(form.fields())).await.location(), "/apps");
}
