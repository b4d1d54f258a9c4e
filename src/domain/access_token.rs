//! Access tokens (RFC 6749 §1.4): opaque to whoever has one, and readable for Portico without a
//! look-up. What a token says is believed because of its MAC.
//!
//! `at_` and the base64url, without padding, of: a byte of version, a byte of kind, the token's
//! id, the client id's 22 digits, of a user's token the family's id, when it was issued and when
//! it expires in seconds since 1970, the scopes as text, the MAC.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::{
    client::ClientId,
    id::{FamilyId, Id},
    scope::ScopeSet,
    time::{Span, Timestamp},
};

/// How long an access token lasts.
pub const LASTS: Span = Span::hours(1);
/// The most bytes a token may have, as of an app-signed one.
pub const MAX_BYTES: usize = super::jwt::MAX_BYTES;

const PREFIX: &str = "at_";
const VERSION: u8 = 1;
const OF_CLIENT: u8 = 1;
const OF_USER: u8 = 2;
const CLIENT_PREFIX: &str = "cid_";
const CLIENT_DIGITS: usize = 22;
/// Of the MAC, which is the whole of an HMAC-SHA256.
pub const MAC: usize = 32;

/// By which a token can be ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId([u8; 8]);

impl TokenId {
    #[must_use]
    pub const fn from_random(random: [u8; 8]) -> Self {
        Self(random)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for TokenId {
    type Error = Vec<u8>;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        bytes.try_into().map(Self)
    }
}

/// For whom a client may act with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For itself: a Server-to-Server app.
    Client,
    /// For the user whose authorisation these tokens came of.
    User(FamilyId),
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    pub id: TokenId,
    pub kind: Kind,
    pub client: ClientId,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// As a [`ScopeSet`] writes itself. It may now grant fewer.
    pub scopes: Box<str>,
}

/// The text looks like an access token.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

impl AccessToken {
    /// A token of this moment.
    #[must_use]
    pub fn new(id: TokenId, kind: Kind, client: ClientId, now: Timestamp, scopes: &ScopeSet) -> Self {
        // Whole seconds, since a token holds no more.
        let issued_at = Timestamp::from_seconds(now.seconds());
        let scopes = scopes.to_string().into();
        Self { id, kind, client, issued_at, expires_at: issued_at + LASTS, scopes }
    }

    /// The text of it, under the MAC that `mac` gives.
    #[must_use]
    pub fn write(&self, mac: impl FnOnce(&[u8]) -> [u8; MAC]) -> String {
        let seconds = |at: Timestamp| u32::try_from(at.seconds()).unwrap_or_default().to_be_bytes();
        let client = self.client.as_str().strip_prefix(CLIENT_PREFIX).unwrap_or_default();
        let (kind, family) = match self.kind {
            Kind::Client => (OF_CLIENT, None),
            Kind::User(family) => (OF_USER, Some(family.uuid().into_bytes())),
        };
        let mut bytes = Vec::with_capacity(72 + MAC + self.scopes.len());
        bytes.extend_from_slice(&[VERSION, kind]);
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(client.as_bytes());
        bytes.extend_from_slice(family.as_ref().map(<[u8; 16]>::as_slice).unwrap_or_default());
        bytes.extend_from_slice(&seconds(self.issued_at));
        bytes.extend_from_slice(&seconds(self.expires_at));
        bytes.extend_from_slice(self.scopes.as_bytes());
        let mac = mac(&bytes);
        bytes.extend_from_slice(&mac);
        let mut text = String::with_capacity(PREFIX.len() + bytes.len().div_ceil(3) * 4);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&bytes, &mut text);
        text
    }

    /// What the text says, if `is_mac` says of its bytes and MAC that they are Portico's.
    #[must_use]
    pub fn read(text: &str, is_mac: impl FnOnce(&[u8], &[u8; MAC]) -> bool) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (said, mac) = bytes.split_last_chunk::<MAC>()?;
        if !is_mac(said, mac) {
            return None;
        }
        let mut rest = Bytes(said);
        let [VERSION, kind] = rest.take()? else { return None };
        let id = TokenId(rest.take()?);
        let digits: [u8; CLIENT_DIGITS] = rest.take()?;
        let client = client(&digits)?;
        let kind = match kind {
            OF_CLIENT => Kind::Client,
            OF_USER => Kind::User(FamilyId::from_uuid(Uuid::from_bytes(rest.take()?))),
            _ => return None,
        };
        let mut seconds = || Some(Timestamp::from_seconds(u32::from_be_bytes(rest.take()?).into()));
        let (issued_at, expires_at) = (seconds()?, seconds()?);
        let scopes = str::from_utf8(rest.0).ok()?.into();
        Some(Self { id, kind, client, issued_at, expires_at, scopes })
    }
}

fn client(digits: &[u8; CLIENT_DIGITS]) -> Option<ClientId> {
    let mut text = [0; CLIENT_PREFIX.len() + CLIENT_DIGITS];
    text.iter_mut()
        .zip(CLIENT_PREFIX.bytes().chain(digits.iter().copied()))
        .for_each(|(to, from)| *to = from);
    str::from_utf8(&text).ok()?.parse().ok()
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }
}

/// Its id, as introspection names it (`jti`).
impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mac(said: &[u8]) -> [u8; MAC] {
        let mut mac = [0_u8; MAC];
        said.iter().zip((0..MAC).cycle()).for_each(|(byte, n)| mac[n] = mac[n].rotate_left(3) ^ byte);
        mac
    }

    fn read(text: &str) -> Option<AccessToken> {
        AccessToken::read(text, |said, given| mac(said) == *given)
    }

    fn token(kind: Kind, scopes: &str) -> AccessToken {
        let now = Timestamp::from_micros(1_795_504_800_123_456);
        let client = ClientId::from_random([7; 16]);
        AccessToken::new(TokenId::from_random([1; 8]), kind, client, now, &scopes.parse().unwrap())
    }

    #[test]
    fn a_token_lasts_an_hour() {
        let token = token(Kind::Client, "meeting:read");
        assert_eq!(token.issued_at, Timestamp::from_seconds(1_795_504_800));
        assert_eq!(token.expires_at, Timestamp::from_seconds(1_795_508_400));
    }

    #[test]
    fn what_is_not_a_token_is_not_read() {
        let text = token(Kind::Client, "").write(mac);
        assert!(is_one(&text) && read(&text).is_some());
        for wrong in ["", "at_", &text[3..], &format!("{text}A"), &format!("{text}="), &text.to_uppercase()] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(AccessToken::read(&text, |_, _| false), None);
        assert_eq!(read(&format!("at_{}", "A".repeat(MAX_BYTES))), None);
        // Whatever has its MAC and is not of this version.
        for said in [vec![], vec![2, 1], vec![1, 3], vec![1; 60]] {
            let bytes = [said.as_slice(), &mac(&said)].concat();
            assert_eq!(read(&format!("at_{}", URL_SAFE_NO_PAD.encode(bytes))), None, "{said:?}");
        }
    }

    #[test]
    fn the_longest_scopes_fit() {
        let name = |n: usize| format!("a{n:03}:{}", "b".repeat(35));
        let scopes = (0..99).map(name).collect::<Vec<_>>().join(" ");
        assert!(scopes.len() <= ScopeSet::MAX_BYTES && scopes.len() > ScopeSet::MAX_BYTES - 50);
        let token = token(Kind::User(FamilyId::from_uuid(Uuid::max())), &scopes);
        assert_eq!(read(&token.write(mac)), Some(token));
    }

    proptest! {
        #[test]
        fn every_token_is_read_as_it_was_written(
            id: [u8; 8], client: [u8; 16], family: Option<u128>, seconds in 0_u32..u32::MAX - 3_600,
            scopes in "([a-z]{1,4}:[a-z]{1,4} ){0,4}",
        ) {
            let kind = family.map_or(Kind::Client, |id| Kind::User(FamilyId::from_uuid(Uuid::from_u128(id))));
            let now = Timestamp::from_seconds(seconds.into());
            let (id, client) = (TokenId::from_random(id), ClientId::from_random(client));
            let token = AccessToken::new(id, kind, client, now, &scopes.parse().unwrap());
            prop_assert_eq!(read(&token.write(mac)), Some(token));
        }
    }
}
