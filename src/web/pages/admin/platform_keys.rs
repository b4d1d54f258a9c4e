//! `/admin/platform-keys`: the keys by which the platform's own services are known.

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::actions::admin::platform_keys::{self, KnownKey, Made};
use crate::actions::{Context, FormValue};
use crate::crypto::token::Token;
use crate::domain::audit::Actor;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::id::PlatformKeyId;
use crate::domain::platform_key::PlatformKeyName;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::console::InConsole;
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused, secret_page};

const AT: &str = "/admin/platform-keys";

/// Every key, and the form that makes one.
#[derive(Template)]
#[template(path = "pages/admin/platform_keys.html")]
pub(crate) struct PlatformKeysPage {
    pub(crate) chrome: Chrome,
    /// The key that was just made.
    pub(crate) made: Option<ShownKey>,
    pub(crate) form: PlatformKeyForm,
    pub(crate) errors: FieldErrors,
    /// Those that work before those that are revoked, the newest first.
    pub(crate) keys: Vec<PlatformKeyRow>,
}

impl PlatformKeysPage {
    /// How many keys work.
    pub(crate) fn working(&self) -> usize {
        self.keys.iter().filter(|key| key.revoked.is_none()).count()
    }
}

/// A key, shown once.
pub(crate) struct ShownKey {
    pub(crate) name: String,
    pub(crate) key: Secret<String>,
}

/// What was typed. `once` is written by the page itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlatformKeyForm {
    pub(crate) name: String,
    pub(crate) once: String,
}

/// One key in the list.
pub(crate) struct PlatformKeyRow {
    /// The id in the address that revokes it.
    pub(crate) id: String,
    pub(crate) name: String,
    /// Enough to know it again: "pk_…Qm4e".
    pub(crate) hint: String,
    pub(crate) made: Timestamp,
    /// Who made it, within a sentence.
    pub(crate) made_by: String,
    pub(crate) last_used: Option<Timestamp>,
    pub(crate) revoked: Option<Timestamp>,
}

impl From<KnownKey> for PlatformKeyRow {
    fn from(known: KnownKey) -> Self {
        let KnownKey { facts, maker } = known;
        let nameless = match facts.made_by {
            Some(_) => Actor::word_in_a_persons_place("user"),
            None => Actor::word_in_a_persons_place(Actor::Operator.as_str()),
        };
        Self {
            id: facts.id.to_string(),
            name: facts.name.to_string(),
            hint: format!("pk_…{}", facts.hint),
            made: facts.made_at,
            made_by: maker.map_or_else(|| nameless.to_owned(), |name| name.to_string()),
            last_used: facts.last_used_at,
            revoked: facts.revoked_at,
        }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InConsole) -> PageResult {
    ok(&draw(&ctx, &at).await?)
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<InConsole, PlatformKeyForm>) -> PageResult {
    let Post { at, form } = post;
    at.signed_in.fresh(ctx.now(), AT)?;
    let name = match form.name.parse::<PlatformKeyName>() {
        Ok(name) => name,
        Err(error) => {
            let errors = FieldErrors::one("name", error.sentence("the name"));
            return refused(&PlatformKeysPage { form, errors, ..draw(&ctx, &at).await? });
        }
    };
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    match platform_keys::make(&ctx, &at.acting, value, name.clone()).await? {
        Made::Now(key) => {
            let key = Secret::new(key.expose().to_owned());
            let made = Some(ShownKey { name: name.to_string(), key });
            secret_page(&PlatformKeysPage { made, ..draw(&ctx, &at).await? })
        }
        Made::Before => done(&at.signed_in.visit, AT, Done::PlatformKeyMadeBefore),
    }
}

pub(in crate::web) async fn revoke(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, Nothing>,
) -> PageResult {
    let id: PlatformKeyId = path.parse().map_err(|_| PageError::NotFound)?;
    platform_keys::revoke(&ctx, &post.at.acting, id).await?;
    done(&post.at.signed_in.visit, AT, Done::PlatformKeyRevoked)
}

async fn draw(ctx: &Context, at: &InConsole) -> Result<PlatformKeysPage, PageError> {
    let keys = platform_keys::list(ctx, &at.acting).await?;
    let once = Token::generate().expose().to_owned();
    Ok(PlatformKeysPage {
        chrome: at.signed_in.visit.chrome(ctx),
        made: None,
        form: PlatformKeyForm { once, ..PlatformKeyForm::default() },
        errors: FieldErrors::default(),
        keys: keys.into_iter().map(PlatformKeyRow::from).collect(),
    })
}
