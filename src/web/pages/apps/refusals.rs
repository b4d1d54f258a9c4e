//! `/apps/{app}/refusals`: the last refused calls, and the check that failed.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::frame::{AppFrame, At};
use crate::actions::{Context, calls, credentials, registrations};
use crate::domain::account::{AtLeast, Viewer};
use crate::domain::app::activation::Registration;
use crate::domain::authorization::Code;
use crate::domain::calls::{RefusedCall, SignedWith};
use crate::domain::credential::ApiKey;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::app::InApp;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, ok};

/// The refused calls of an app.
#[derive(Template)]
#[template(path = "pages/apps/refusals.html")]
pub(crate) struct RefusalsPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// The code that is asked for, or nothing.
    pub(crate) code: String,
    /// Every code that a call can be refused with.
    pub(crate) codes: Vec<&'static str>,
    pub(crate) calls: Vec<Refused>,
    /// Whether the app signs its tokens, which the token debugger takes apart.
    pub(crate) signs: bool,
    /// How many are kept of an account, with a signature that verified and without.
    pub(crate) kept: (u16, u16),
}

/// A refused call as it is listed.
pub(crate) struct Refused {
    pub(crate) at: Timestamp,
    pub(crate) code: &'static str,
    /// The check that failed and what to do.
    pub(crate) detail: String,
    /// What the times of the token say of the caller's clock.
    pub(crate) clock: Option<String>,
    /// Enough to know what called by: the API key "ak_…w2hx" or the client id "cid_…w2hx".
    pub(crate) key: String,
    pub(crate) signed_with: &'static str,
    /// Whether the token named no app, so that another of the account may have called.
    pub(crate) names_no_app: bool,
    pub(crate) address: String,
}

/// By what an app's calls are known: the key of its account where they are signed, and the client
/// id where they have an access token.
pub(in crate::web) struct Keys {
    api_key: String,
    client_id: String,
}

impl Keys {
    pub(in crate::web) fn new(api_key: &ApiKey, registered: Option<&Registration>) -> Self {
        let client_id = registered.map(|registered| registered.client.client_id.hint());
        Self { api_key: api_key.hint(), client_id: client_id.unwrap_or_default() }
    }

    fn of(&self, signed_with: SignedWith) -> &str {
        match signed_with {
            SignedWith::AccessToken => &self.client_id,
            SignedWith::Unknown | SignedWith::CurrentSecret | SignedWith::OldSecret => &self.api_key,
        }
    }
}

/// What is asked for, in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Filter {
    code: String,
}

pub(in crate::web) async fn get(
    ctx: Data<Context>,
    at: InApp<Viewer>,
    filter: Option<Query<Filter>>,
) -> PageResult {
    if !at.app.app_type.calls() {
        return Err(PageError::NotFound);
    }
    // What is no code filters nothing.
    let code = filter.and_then(|filter| filter.code.parse::<Code>().ok());
    ok(&RefusalsPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        frame: AppFrame::of(&ctx, &at, At::Refusals).await?,
        code: code.map(Code::as_str).unwrap_or_default().to_owned(),
        codes: Code::ALL.iter().copied().filter(|code| code.has_a_caller()).map(Code::as_str).collect(),
        calls: Refused::list(&ctx, &at, code, calls::KEPT_VERIFIED + calls::KEPT_UNVERIFIED).await?,
        signs: !at.app.app_type.has_client(),
        kept: (calls::KEPT_VERIFIED, calls::KEPT_UNVERIFIED),
    })
}

impl Refused {
    /// The last ones, the newest first.
    pub(in crate::web) async fn list<R: AtLeast>(
        ctx: &Context,
        at: &InApp<R>,
        code: Option<Code>,
        limit: u16,
    ) -> Result<Vec<Self>, PageError> {
        let api_key = credentials::api_key(ctx, at.app.account).await?;
        let registered = registrations::of_app(ctx, &at.acting, &at.app).await?;
        let keys = Keys::new(&api_key, registered.as_ref());
        let calls = calls::refused(ctx, &at.acting, &at.app, code, limit).await?;
        Ok(calls.into_iter().map(|call| Self::new(call, &keys)).collect())
    }

    pub(in crate::web) fn new(call: RefusedCall, keys: &Keys) -> Self {
        Self {
            at: call.at,
            code: call.code.as_str(),
            detail: call.detail.into_owned(),
            clock: call.off_by_s.map(|seconds| clock(call.code, seconds)),
            key: keys.of(call.signed_with).to_owned(),
            signed_with: match call.signed_with {
                SignedWith::Unknown => "Signature not verified",
                SignedWith::CurrentSecret => "Signed with the current secret",
                SignedWith::OldSecret => "Signed with an old secret",
                SignedWith::AccessToken => "An access token",
            },
            names_no_app: call.app.is_none(),
            address: call.address.map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}

/// A token from the future was made by a clock that is ahead; an old one may just be old.
fn clock(code: Code, seconds: i64) -> String {
    let seconds = Count(u64::try_from(seconds).unwrap_or_default());
    if code == Code::TokenNotYetValid {
        format!("The caller's clock is about {seconds} s ahead of ours")
    } else {
        format!("{seconds} s late by our clock")
    }
}
