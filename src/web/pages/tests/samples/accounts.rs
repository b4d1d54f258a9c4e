//! The pages of an account and its members, and of invitations.

use askama::Template;

use super::{LONG, refused, signed_in, signed_out};
use crate::actions::invitations::Way;
use crate::domain::fields::FieldErrors;
use crate::domain::time::Timestamp;
use crate::web::page::{Chrome, Flash};
use crate::web::pages::account::deletion::DeleteForm;
use crate::web::pages::account::invitations::{InvitationRow, InviteForm};
use crate::web::pages::account::member::{FormerRow, Is, MemberPage, SeenRow};
use crate::web::pages::account::{AccountForm, AccountPage, MemberRow, OwnerPart};
use crate::web::pages::invitation::{GuestForm, InvitationPage, Shown};

const AT: Timestamp = Timestamp::from_seconds(1_795_504_800);
const ADDRESS: &str = "a.very.long.address.of.somebody@subdomain.of.meridian.example";

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let none = FieldErrors::default;
    let name = refused(&[("name", "Enter the name of your organisation.")]);
    let invite = refused(&[("email", "Enter an address such as name@example.com.")]);
    let delete = refused(&[("delete_name", "Type the account's name, “Meridian Labs”, to delete it.")]);
    let role = refused(&[("role", "An account needs an owner.")]);
    let guest = refused(&[("password", "The password must be at least 12 characters; it has 5.")]);
    let member = |you, last_owner| Is::Member {
        email: ADDRESS.into(),
        role_words: "a developer",
        role: "developer".into(),
        you,
        is_disabled: false,
        last_owner,
    };
    let open = |way| Shown::Open {
        account: LONG.into(),
        email: ADDRESS.into(),
        role: "a developer",
        expires: AT,
        way,
    };
    vec![
        ("account", account("Meridian Labs", Some(owner(None)), none()).render().unwrap()),
        ("account-refused", account("Meridian Labs", Some(owner(None)), name).render().unwrap()),
        ("account-invite-refused", account("Meridian Labs", Some(owner(None)), invite).render().unwrap()),
        ("account-delete-refused", account("Meridian Labs", Some(owner(None)), delete).render().unwrap()),
        (
            "account-suspended",
            account(LONG, Some(owner(Some("This account is suspended.".into()))), none()).render().unwrap(),
        ),
        ("account-viewer-long", account(LONG, None, none()).render().unwrap()),
        ("member", one("Bo Lindqvist", member(false, false), none()).render().unwrap()),
        ("member-refused", one("Bo Lindqvist", member(false, false), role).render().unwrap()),
        ("member-last-owner", one(LONG, member(true, true), none()).render().unwrap()),
        ("member-former", one(LONG, Is::Former { until: AT }, none()).render().unwrap()),
        ("invitation-accept", invitation(signed_in(), open(Way::Accept), none()).render().unwrap()),
        ("invitation-foreign", invitation(signed_in(), open(Way::Foreign), none()).render().unwrap()),
        ("invitation-sign-in", invitation(signed_out(), open(Way::SignIn), none()).render().unwrap()),
        ("invitation-sign-up", invitation(signed_out(), open(Way::SignUp), none()).render().unwrap()),
        ("invitation-sign-up-refused", invitation(signed_out(), open(Way::SignUp), guest).render().unwrap()),
        ("invitation-expired", invitation(signed_in(), Shown::Expired, none()).render().unwrap()),
        ("invitation-used", invitation(signed_out(), Shown::Used, none()).render().unwrap()),
        ("invitation-revoked", invitation(signed_out(), Shown::Revoked, none()).render().unwrap()),
        ("invitation-unknown", invitation(signed_out(), Shown::Unknown, none()).render().unwrap()),
    ]
}

fn account(name: &str, owner: Option<OwnerPart>, errors: FieldErrors) -> AccountPage {
    let can_edit = owner.is_some();
    let member = |name: &str, email: &str, role, you| MemberRow {
        name: name.into(),
        email: email.into(),
        role,
        you,
        is_disabled: false,
        href: can_edit.then(|| "/account/members/usr_1".into()),
    };
    AccountPage {
        chrome: Chrome { flash: errors.is_empty().then(|| Flash::new("Account saved.")), ..signed_in() },
        form: AccountForm { account: "acc_01kb7q2m9vx4t8ez0r6sm1c2ya".into(), name: name.into() },
        errors,
        id: "acc_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
        name: name.into(),
        external_id: can_edit.then(|| "northgate-4711".into()),
        api_key: "ak_01kb7pv3zr8qd5w2hx3f9A".into(),
        secret_href: can_edit.then(|| "/apps/app_1/credentials".into()),
        your_role: if can_edit { "an owner" } else { "a viewer" },
        pending: can_edit,
        suspended: (!can_edit).then(|| "Calls from addresses that are not yours.".into()),
        members: vec![
            member("Ada Osei", "ada@meridian.example", "Owner", true),
            member(LONG, ADDRESS, "Viewer", false),
        ],
        can_leave: !can_edit,
        owner,
    }
}

fn owner(obstacle: Option<String>) -> OwnerPart {
    let row = |id: &str, email: &str, role, expired| InvitationRow {
        id: id.into(),
        email: email.into(),
        role,
        expires: AT,
        expired,
        once: "1".into(),
    };
    let former =
        |name: &str| FormerRow { href: "/account/members/usr_2".into(), name: name.into(), until: AT };
    OwnerPart {
        invite: InviteForm { role: "developer".into(), ..InviteForm::default() },
        invitations: vec![
            row("inv_1", "bo@meridian.example", "Developer", false),
            row("inv_2", ADDRESS, "Owner", true),
        ],
        former_goes_on: true,
        former: vec![former("Chidi Eze"), former(LONG)],
        delete: DeleteForm::default(),
        obstacle,
        apps: 3,
    }
}

fn one(name: &str, is: Is, errors: FieldErrors) -> MemberPage {
    let seen = |what: &str, works, verb| SeenRow {
        what: what.into(),
        at: AT,
        works,
        href: Some("/apps/app_1/credentials#regenerate".into()),
        verb,
    };
    let seen = match &is {
        Is::Member { you: true, .. } => Vec::new(),
        Is::Member { .. } | Is::Former { .. } => vec![
            seen("API secret", true, "Regenerate"),
            seen(&format!("Signing secret of {LONG}"), false, "Rotate"),
        ],
    };
    MemberPage {
        chrome: signed_in(),
        account: "acc_01kb7q2m9vx4t8ez0r6sm1c2ya".into(),
        account_name: "Meridian Labs".into(),
        at: "/account/members/usr_1".into(),
        name: name.into(),
        is,
        seen,
        errors,
    }
}

fn invitation(chrome: Chrome, shown: Shown, errors: FieldErrors) -> InvitationPage {
    InvitationPage { chrome, at: "/invitations/t".into(), shown, form: GuestForm::default(), errors }
}
