//! How domain types stand in columns. Reading parses too, so a bad row is an error and
//! never a wrong value.

use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};
use uuid::Uuid;

use crate::domain::{
    access_token::TokenId,
    account::{AccountName, Role, Standing},
    app::{
        AppType, Resumable, StateKind,
        information::{CompanyName, ContactName, LongDescription, ShortDescription},
        name::AppName,
    },
    audit::chain::{Chain, Hash},
    authorization::Code,
    calls::{Hour, SignedWith},
    client::{ClientId, JwkSet, RedirectUri},
    credential::ApiKey,
    delivery::{DeliveryKind, Status},
    email::Email,
    event::Environment,
    event_type::{EventDescription, EventTypeName, Example, GroupName},
    icon::IconHash,
    id::{
        AccountId, AppId, AuditId, ClaimId, DeliveryId, EventId, FamilyId, GrantId, Id, InvitationId, LaneId,
        LinkId, MailId, PlatformKeyId, RefusedCallId, SecretId, SenderId, SessionId, SubscriptionId, TryId,
        UserId,
    },
    invitation::Ending,
    lane::{LaneKind, TurnedOff},
    oauth::pkce::Challenge,
    password::PasswordHash,
    platform_key::PlatformKeyName,
    scope::{ScopeName, ScopeSet, WhyNeeded},
    scope_catalog::ScopeDescription,
    subscription::SubscriptionName,
    time::Timestamp,
    url::{EndpointUrl, HttpsUrl},
    user::{LinkKind, PersonName},
    validation::{Forged, PlainToken, Probed},
};

/// Columns of type `$column`, written by `$write` and read by `$read`.
macro_rules! columns {
    ($column:ty, $write:expr, $read:expr, $($name:ident),+ $(,)?) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            $column: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$column as Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <$column as Type<DB>>::compatible(ty)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            $column: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let column: $column = $write(self);
                column.encode(buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            $column: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let column = <$column as Decode<'r, DB>>::decode(value)?;
                let value: Option<Self> = $read(column);
                value.ok_or_else(|| concat!("not a valid ", stringify!($name)).into())
            }
        }
    )+};
}

columns!(
    Uuid,
    |id: &_| Id::uuid(*id),
    |uuid| Some(Id::from_uuid(uuid)),
    AccountId,
    AppId,
    AuditId,
    ClaimId,
    DeliveryId,
    EventId,
    FamilyId,
    GrantId,
    InvitationId,
    LaneId,
    LinkId,
    MailId,
    PlatformKeyId,
    RefusedCallId,
    SecretId,
    SenderId,
    SessionId,
    SubscriptionId,
    TryId,
    UserId,
);

columns!(
    String,
    |text: &_| ToString::to_string(text),
    |text: String| text.parse().ok(),
    AccountName,
    ApiKey,
    AppName,
    AppType,
    Challenge,
    ClientId,
    Code,
    CompanyName,
    ContactName,
    DeliveryKind,
    Email,
    Ending,
    EndpointUrl,
    Environment,
    EventDescription,
    EventTypeName,
    Example,
    Forged,
    GroupName,
    HttpsUrl,
    IconHash,
    JwkSet,
    LaneKind,
    LinkKind,
    LongDescription,
    PersonName,
    PlainToken,
    PlatformKeyName,
    Probed,
    RedirectUri,
    Resumable,
    Role,
    ScopeDescription,
    ScopeName,
    ScopeSet,
    ShortDescription,
    SignedWith,
    Standing,
    StateKind,
    Status,
    SubscriptionName,
    TurnedOff,
    WhyNeeded,
);

columns!(i64, |hour: &Hour| hour.number(), |number| Some(Self::from_number(number)), Hour);

columns!(i64, |at: &Timestamp| at.micros(), |micros| Some(Self::from_micros(micros)), Timestamp);

columns!(
    String,
    |hash: &PasswordHash| hash.as_str().to_owned(),
    |text: String| text.parse().ok(),
    PasswordHash
);

columns!(Uuid, |chain: &Chain| chain.column(), |uuid| Some(Self::from_column(uuid)), Chain);

columns!(Vec<u8>, |id: &TokenId| id.as_bytes().to_vec(), |bytes: Vec<u8>| bytes.try_into().ok(), TokenId);

columns!(
    Vec<u8>,
    |hash: &Hash| hash.as_bytes().to_vec(),
    |bytes: Vec<u8>| bytes.try_into().ok().map(Self::from_bytes),
    Hash
);
