//! The token debugger, with tokens good and bad.

use askama::Template;

use super::{LONG, refused, signed_in};
use crate::actions::token_debugger::SignedBy;
use crate::domain::authorization::checks::{Check, Outcome};
use crate::domain::authorization::{Code, Refusal};
use crate::domain::fields::FieldErrors;
use crate::domain::time::Timestamp;
use crate::web::pages::account::token_debugger::{
    AppLink, ClaimRow, Inspected, Meaning, TokenDebuggerForm, TokenDebuggerPage, Verdict,
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let page = |errors, inspected| TokenDebuggerPage {
        chrome: signed_in(),
        form: TokenDebuggerForm {
            account: "acc_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
            token: "eyJhbGciOiJIUzI1NiJ9.e30.xz9BADiZHP4".into(),
        },
        errors,
        account_name: "Meridian Labs".into(),
        api_key: "ak_01kb7pv3zr8qd5w2hx3f9A".into(),
        audience: "https://portal.northgate.example".into(),
        inspected,
    };
    let none = FieldErrors::default;
    let passing = inspected(
        Verdict::Pass { until: NOW, app: Some(app("Meridian Sync")) },
        Some(SignedBy::Old { hint: "as_…Qm4e".into(), ends: NOW }),
        Check::ALL.map(|check| (check, Outcome::Passed)).to_vec(),
    );
    vec![
        ("token-debugger", page(none(), None).render().unwrap()),
        (
            "token-debugger-form-refused",
            page(refused(&[("token", "Paste a token.")]), None).render().unwrap(),
        ),
        ("token-debugger-pass", page(none(), Some(passing)).render().unwrap()),
        ("token-debugger-no-signature", page(none(), Some(failing(Check::Signature))).render().unwrap()),
        ("token-debugger-no-app", page(none(), Some(failing(Check::App))).render().unwrap()),
    ]
}

fn failing(at: Check) -> Inspected {
    let refusal = Refusal::new(Code::AppRequired, "Add sub with the id of the app that is calling (app_…).");
    let place = Check::ALL.iter().position(|check| *check == at).unwrap();
    let outcome = |n: usize| match n.cmp(&place) {
        std::cmp::Ordering::Less => Outcome::Passed,
        std::cmp::Ordering::Equal => Outcome::Failed(refusal.clone()),
        std::cmp::Ordering::Greater => Outcome::NotReached,
    };
    let checks = Check::ALL.into_iter().enumerate().map(|(n, check)| (check, outcome(n))).collect();
    inspected(Verdict::Refused(refusal.clone()), Some(SignedBy::Current { hint: "as_…Qm4e".into() }), checks)
}

fn app(name: &str) -> AppLink {
    AppLink { href: "/apps/app_1".into(), name: name.into() }
}

fn inspected(verdict: Verdict, signed_by: Option<SignedBy>, checks: Vec<(Check, Outcome)>) -> Inspected {
    let row = |name, value: &str, meaning| ClaimRow { name, value: value.into(), meaning };
    Inspected {
        at: NOW,
        verdict,
        checks,
        signed_by,
        own_key: false,
        named_app: Some(app(LONG)),
        more_pasted: true,
        header: Some("{\n  \"alg\": \"HS256\"\n}".into()),
        claims: Some("{}".into()),
        rows: vec![
            row("iss", "\"ak_x\"", Meaning::NotOwnKey),
            row("sub", "\"app_1\"", Meaning::App(app(LONG))),
            row("exp", "1795504800000", Meaning::Milliseconds(NOW)),
            row("nbf", "1795504800", Meaning::Time(NOW)),
            row("iat", "\"now\"", Meaning::Unsaid),
            row("aud", "[]", Meaning::NotOurAudience),
        ],
    }
}
