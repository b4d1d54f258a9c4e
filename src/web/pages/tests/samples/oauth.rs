//! The pages about apps that are let in.

use askama::Template;

use super::{LONG, refused, signed_in, signed_out};
use crate::domain::fields::FieldErrors;
use crate::domain::oauth::authorization::Unproven;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::pages::admin::Total;
use crate::web::pages::admin::grants::{GrantRow, GrantsPage};
use crate::web::pages::apps::tile::Tile;
use crate::web::pages::oauth::authorize::{
    AccountRow, AskingApp, ClosedRow, ConsentPage, EventGroup, ScopeRow,
};
use crate::web::pages::oauth::unproven::UnprovenPage;
use crate::web::pages::settings::authorizations::{AuthorizationsPage, AuthorizedRow, UsableScope};

fn asking(name: &str) -> AskingApp {
    AskingApp {
        tile: Tile::new("app_01kb7q2m9vx4t8ez0r6sm1c2ya", name, None),
        name: name.into(),
        company: "Atlas Cartography Ltd".into(),
        does: "Puts your meetings on a map".into(),
        contact_name: "Noor Haddad".into(),
        contact_email: "noor@atlas.example".into(),
        links: vec![
            ("https://atlas.example/privacy".into(), "Privacy policy"),
            ("https://atlas.example/terms".into(), "Terms"),
        ],
    }
}

fn account(id: &str, name: &str, role: &'static str, chosen: bool) -> AccountRow {
    AccountRow { id: id.into(), name: name.into(), role, chosen }
}

fn consent() -> ConsentPage {
    let scope = |name: &str, words: &str, why: &str| ScopeRow {
        name: name.into(),
        words: words.into(),
        why: why.into(),
    };
    ConsentPage {
        chrome: signed_in(),
        app: asking("Atlas for Teams"),
        email: "ada@meridian.example".into(),
        host: "atlas.example".into(),
        scopes: vec![
            scope("user:read", "See the people in the account: their names, addresses and roles", ""),
            scope(
                "meeting:read",
                "See meetings: when they are, what they are about and who is invited",
                "To draw them.",
            ),
        ],
        accounts: vec![account("acc_01kb7q2m9vx4t8", "Meridian Labs", "an owner", true)],
        only: Some(("acc_01kb7q2m9vx4t8".into(), "Meridian Labs".into())),
        closed: Vec::new(),
        events: vec![EventGroup {
            name: "Meetings".into(),
            descriptions: vec!["A meeting was scheduled".into(), "The first person came in".into()],
        }],
        owns_one: true,
        is_unproven: false,
        request: "client_id=cid_0".into(),
        agreed: "meeting:read user:read".into(),
        errors: FieldErrors::default(),
    }
}

fn several() -> ConsentPage {
    ConsentPage {
        app: asking(LONG),
        accounts: vec![
            account("acc_01kb7q2m9vx4t8", "Meridian Labs", "an owner", true),
            account("acc_01kb7q2m9vx4t9", LONG, "a viewer", false),
        ],
        only: None,
        closed: vec![ClosedRow {
            name: "Harbour Clinic".into(),
            why: "awaits approval by the platform’s staff",
        }],
        ..consent()
    }
}

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let wrong = refused(&[("account", "Choose one of your accounts.")]);
    let app = |name: &str, is_stopped| AuthorizedRow {
        id: "grt_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
        tile: Tile::new("app_01kb7q2m9vx4t8ez0r6sm1c2ya", name, None),
        name: name.into(),
        company: "Atlas Cartography Ltd".into(),
        is_stopped,
        account: "Meridian Labs".into(),
        scopes: vec![
            UsableScope { name: "meeting:read".into(), words: "See meetings: when they are".into() },
            UsableScope { name: "user:read".into(), words: LONG.into() },
        ],
        since: Timestamp::from_seconds(1_795_504_800),
    };
    let authorizations = |apps: Vec<AuthorizedRow>| AuthorizationsPage {
        chrome: signed_in(),
        total: Total { count: Count(apps.len() as u64), is_more: false },
        apps,
        first: String::new(),
        next: "/settings/authorizations?after=1.grt_1".into(),
    };
    let grant = || GrantRow {
        id: "grt_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
        user: "usr_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
        user_name: LONG.into(),
        email: "ada@meridian.example".into(),
        account: "acc_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
        account_name: "Meridian Labs".into(),
        scopes: vec!["meeting:read".into()],
        since: Timestamp::from_seconds(1_795_504_800),
    };
    let grants = |grants: Vec<GrantRow>| GrantsPage {
        chrome: signed_in(),
        app: "app_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
        app_name: "Atlas for Teams".into(),
        total: Total { count: Count(grants.len() as u64), is_more: false },
        grants,
        first: String::new(),
        next: "/admin/apps/app_01kb7q2m9vx4t8ez0r6sm1c2ya/grants?after=1.grt_1".into(),
    };
    let unproven = |chrome, why: Unproven| UnprovenPage { chrome, why: why.to_string() };
    vec![
        ("consent", consent().render().unwrap()),
        ("consent-several", several().render().unwrap()),
        ("consent-refused", ConsentPage { errors: wrong, ..several() }.render().unwrap()),
        ("consent-unproven", ConsentPage { is_unproven: true, ..consent() }.render().unwrap()),
        ("consent-no-account", ConsentPage { accounts: Vec::new(), ..several() }.render().unwrap()),
        ("unproven", unproven(signed_out(), Unproven::UnregisteredRedirectUri).render().unwrap()),
        ("unproven-in", unproven(signed_in(), Unproven::NotActive).render().unwrap()),
        (
            "authorizations",
            authorizations(vec![app("Atlas for Teams", false), app(LONG, true)]).render().unwrap(),
        ),
        ("authorizations-none", authorizations(Vec::new()).render().unwrap()),
        ("grants", grants(vec![grant()]).render().unwrap()),
        ("grants-none", grants(Vec::new()).render().unwrap()),
    ]
}
