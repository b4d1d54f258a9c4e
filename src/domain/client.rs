//! Clients of OAuth: what an app of such a type is to the authorization server.

pub mod jwks;
pub mod redirect;

pub use jwks::JwkSet;
pub use redirect::{RedirectUri, RedirectUris};

use super::{credential::define_public, id::AppId};

define_public!(
    /// By which a client is known (RFC 6749 §2.2): `cid_` and 22 characters of base62.
    ClientId,
    "cid_",
    "a client id"
);

/// A client as its app's developers see it.
#[derive(Clone, Debug)]
pub struct Client {
    pub app: AppId,
    pub client_id: ClientId,
    /// It keeps no secret, since it runs on its users' devices (RFC 6749 §2.1).
    pub is_public: bool,
    /// Where users may be sent back to.
    pub redirect_uris: RedirectUris,
    /// Public keys by which it may authenticate instead of by a secret.
    pub jwks: Option<JwkSet>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_read_as_it_was_written() {
        let id = ClientId::from_random([7; 16]);
        assert_eq!(id.as_str().parse(), Ok(id));
        assert_eq!(id.as_str().len(), 26);
        assert!(id.hint().starts_with("cid_…"));
        for wrong in ["", "cid_", &id.as_str()[1..], &format!("{id}0"), &id.as_str().replace("cid_", "ak__")]
        {
            assert!(wrong.parse::<ClientId>().is_err(), "{wrong}");
        }
    }
}
