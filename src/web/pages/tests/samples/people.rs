//! The pages of people and their accounts.

use askama::Template;

use super::{LONG, refused, signed_in, signed_out};
use crate::domain::fields::FieldErrors;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::two_step::{RecoveryCode, TwoStep};
use crate::web::page::{Chrome, Flash};
use crate::web::pages::accounts_new::{NewAccountForm, NewAccountPage};
use crate::web::pages::confirm::{ConfirmForm, ConfirmPage};
use crate::web::pages::landing::LandingPage;
use crate::web::pages::password::{CheckMailPage, ForgotForm, ForgotPage, MailWait, ResetForm, ResetPage};
use crate::web::pages::settings::two_step::{RecoveryCodesPage, Setup, Stage, TwoStepPage};
use crate::web::pages::settings::{EmailForm, ProfileForm, SessionRow, SettingsPage};
use crate::web::pages::setup::{SetupForm, SetupPage};
use crate::web::pages::sign_in::code::CodePage;
use crate::web::pages::sign_in::{SignInForm, SignInPage};
use crate::web::pages::sign_up::{SignUpForm, SignUpOffer, SignUpPage};
use crate::web::pages::verify_email::{VerifyEmailForm, VerifyEmailPage};
use crate::web::qr::Qr;

pub(super) fn doors() -> Vec<(&'static str, String)> {
    let form = || SignUpForm { email: "ada@meridian.example".into(), ..SignUpForm::default() };
    let landing = |can_sign_up| LandingPage {
        chrome: signed_out(),
        can_sign_up,
        form: SignUpForm::default(),
        errors: FieldErrors::default(),
        email_hint: String::new(),
        once: "1".into(),
    };
    let sign_up = |offer: SignUpOffer, errors| SignUpPage {
        chrome: signed_out(),
        email_hint: offer.email_hint(),
        offer,
        form: form(),
        errors,
        once: "1".into(),
    };
    let sign_in = |errors| SignInPage {
        chrome: signed_out(),
        form: SignInForm {
            email: "ada@meridian.example".into(),
            next: "/apps".into(),
            ..SignInForm::default()
        },
        errors,
        can_sign_up: true,
    };
    let code = |errors| CodePage {
        chrome: signed_out(),
        next: "/apps".into(),
        errors,
        email: "ada@meridian.example".into(),
    };
    let flashed =
        Chrome { flash: Some(Flash::new("Your password is set.").more("Sign in with it.")), ..signed_out() };
    vec![
        ("landing", landing(true).render().unwrap()),
        ("landing-closed", landing(false).render().unwrap()),
        ("sign-up", sign_up(SignUpOffer::Open, FieldErrors::default()).render().unwrap()),
        (
            "sign-up-domain-refused",
            sign_up(SignUpOffer::Domain("meridian.example".into()), sign_up_refused()).render().unwrap(),
        ),
        ("sign-up-closed", sign_up(SignUpOffer::Closed, FieldErrors::default()).render().unwrap()),
        ("sign-in", sign_in(FieldErrors::default()).render().unwrap()),
        (
            "sign-in-refused",
            sign_in(refused(&[("email", "This address and password do not belong together. Check both.")]))
                .render()
                .unwrap(),
        ),
        ("sign-in-code", code(FieldErrors::default()).render().unwrap()),
        (
            "sign-in-code-refused",
            code(refused(&[("code", "This code was used already. Wait until your app shows the next one.")]))
                .render()
                .unwrap(),
        ),
        (
            "sign-in-flash",
            SignInPage { chrome: flashed, ..sign_in(FieldErrors::default()) }.render().unwrap(),
        ),
    ]
}

fn sign_up_refused() -> FieldErrors {
    refused(&[
        ("name", "Enter your name."),
        ("email", "ada@meridian.example already has an account. Sign in, or use another address."),
        ("account_name", "Enter the name of your organisation."),
        ("password", "The password must be at least 12 characters; it has 5."),
    ])
}

pub(super) fn links() -> Vec<(&'static str, String)> {
    let none = FieldErrors::default;
    let mail = |why| CheckMailPage { chrome: signed_out(), why };
    let reset = |expired, errors| ResetPage {
        chrome: signed_out(),
        form: ResetForm { token: "t".into(), ..ResetForm::default() },
        errors,
        expired,
    };
    let verify = |expired| VerifyEmailPage {
        chrome: signed_in(),
        form: VerifyEmailForm { token: "t".into() },
        email: "ada@meridian.example".into(),
        expired,
    };
    let setup = |expired, errors| SetupPage {
        chrome: signed_out(),
        form: SetupForm { token: "t".into(), ..SetupForm::default() },
        errors,
        expired,
    };
    vec![
        (
            "forgot",
            ForgotPage { chrome: signed_out(), form: ForgotForm::default(), errors: none() }
                .render()
                .unwrap(),
        ),
        (
            "forgot-refused",
            ForgotPage {
                chrome: signed_out(),
                form: ForgotForm { email: "ada@".into() },
                errors: refused(&[("email", "Enter an address such as name@example.com.")]),
            }
            .render()
            .unwrap(),
        ),
        ("check-mail-reset", mail(MailWait::Reset).render().unwrap()),
        ("check-mail-proof", mail(MailWait::Proof).render().unwrap()),
        ("reset", reset(false, none()).render().unwrap()),
        (
            "reset-refused",
            reset(
                false,
                refused(&[("password", "This password is on lists of common passwords. Choose another.")]),
            )
            .render()
            .unwrap(),
        ),
        ("reset-expired", reset(true, none()).render().unwrap()),
        ("verify-email", verify(false).render().unwrap()),
        ("verify-email-expired", verify(true).render().unwrap()),
        ("setup", setup(false, none()).render().unwrap()),
        ("setup-expired", setup(true, none()).render().unwrap()),
    ]
}

pub(super) fn own() -> Vec<(&'static str, String)> {
    let none = FieldErrors::default;
    let confirm = |asks_code, errors| ConfirmPage {
        chrome: signed_in(),
        form: ConfirmForm { next: "/apps".into(), ..ConfirmForm::default() },
        errors,
        signed_in: "3 hours ago".into(),
        email: "ada@meridian.example".into(),
        asks_code,
        back: "/apps".into(),
    };
    let new_account = |name: &str, errors| NewAccountPage {
        chrome: signed_in(),
        form: NewAccountForm { name: name.into(), ..NewAccountForm::default() },
        homeless: name.is_empty(),
        errors,
        once: "1".into(),
    };
    vec![
        ("confirm", confirm(false, none()).render().unwrap()),
        (
            "confirm-refused",
            confirm(true, refused(&[("password", "This is not your password. Try again.")])).render().unwrap(),
        ),
        ("accounts-new", new_account("", none()).render().unwrap()),
        (
            "accounts-new-refused",
            new_account(LONG, refused(&[("name", "The name must be at most 100 characters; it has 163.")]))
                .render()
                .unwrap(),
        ),
        ("two-step-off", two_step(off(), none()).render().unwrap()),
        (
            "two-step-off-refused",
            two_step(off(), refused(&[("code", "This code is not right."), ("password", "Enter your password.")]))
                .render()
                .unwrap(),
        ),
        ("two-step-on", two_step(on(9), none()).render().unwrap()),
        (
            "two-step-on-refused",
            two_step(
                on(1),
                refused(&[
                    ("off_password", "This is not your password."),
                    ("off_code", "A code has 6 digits, as your app shows them; a recovery code has 16 letters and digits."),
                ]),
            )
            .render()
            .unwrap(),
        ),
        ("two-step-on-none-left", two_step(on(0), none()).render().unwrap()),
        ("recovery-codes", codes(true).render().unwrap()),
        ("recovery-codes-new", codes(false).render().unwrap()),
        ("settings", settings(none(), true).render().unwrap()),
        (
            "settings-refused",
            settings(
                refused(&[
                    ("current_password", "This is not your password. Try again."),
                    ("password", "The new password must be at least 12 characters; it has 5."),
                ]),
                false,
            )
            .render()
            .unwrap(),
        ),
    ]
}

fn off() -> Stage {
    let url = "otpauth://totp/Meridian:ada%40meridian%2Eexample?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    Stage::Off(Setup {
        qr: Qr::of(url).unwrap(),
        secret: Secret::new("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".into()),
        offer: "x".into(),
    })
}

fn on(codes_left: u32) -> Stage {
    Stage::On(TwoStep { turned_on_at: Timestamp::from_micros(1_795_000_000_000_000), codes_left })
}

fn two_step(stage: Stage, errors: FieldErrors) -> TwoStepPage {
    TwoStepPage {
        chrome: signed_in(),
        errors,
        email: "ada@meridian.example".into(),
        opens_console: true,
        stage,
        once: "1".into(),
    }
}

fn codes(turned_on: bool) -> RecoveryCodesPage {
    let codes = (0..10).map(|n| RecoveryCode::from_random([n; 10]).grouped()).collect();
    RecoveryCodesPage { chrome: signed_in(), codes, turned_on, opens_console: turned_on }
}

fn settings(errors: FieldErrors, email_proven: bool) -> SettingsPage {
    let session = |id: &str, device: &str, address: &str, minutes: i64, current| SessionRow {
        id: id.into(),
        device: device.into(),
        address: address.into(),
        last_seen: Timestamp::from_micros(1_795_000_000_000_000 - minutes * 60_000_000),
        current,
    };
    SettingsPage {
        chrome: signed_in(),
        errors,
        profile: ProfileForm { name: "Ada Osei".into() },
        email: EmailForm::default(),
        current_email: "ada@meridian.example".into(),
        email_proven,
        two_step: email_proven.then_some(TwoStep {
            turned_on_at: Timestamp::from_micros(1_795_000_000_000_000),
            codes_left: 10,
        }),
        sessions: vec![
            session("1", "Firefox on Linux", "203.0.113.9", 0, true),
            session("2", "Safari on iPhone", "2001:db8:85a3:8d3:1319:8a2e:370:7348", 400, false),
            session("3", "An unknown browser", "198.51.100.7", 9000, false),
        ],
        deleted_along: if email_proven { vec!["Harbour Clinic".into(), LONG.into()] } else { Vec::new() },
        in_the_way: if email_proven { Vec::new() } else { vec!["Meridian Labs".into()] },
    }
}
