//! The signature of a delivery, by Standard Webhooks 1.0.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::{credential::SigningSecret, id::DeliveryId, secret::Secret};

/// Whatever signs: the bytes that a signing secret's text stands for.
#[derive(Clone, Debug)]
pub struct SigningKey(Secret<Vec<u8>>);

impl SigningKey {
    /// The key of `whsec_` and base64; nothing if it is none, or empty: anybody could sign by that.
    #[must_use]
    pub fn of(secret: &SigningSecret) -> Option<Self> {
        let key = STANDARD.decode(secret.expose().strip_prefix("whsec_")?).ok()?;
        (!key.is_empty()).then(|| Self(Secret::new(key)))
    }

    /// A key that no endpoint knows.
    #[must_use]
    pub fn forged(random: [u8; 32]) -> Self {
        Self(Secret::new(random.to_vec()))
    }

    fn sign(&self, message: &[&[u8]]) -> String {
        // An HMAC takes a key of any length; the error cannot come.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose()) else { return String::new() };
        message.iter().for_each(|part| mac.update(part));
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The value of `webhook-signature`: of each key one signature over `id.timestamp.body`, the
/// newest first. `timestamp` is in seconds since 1970.
#[must_use]
pub fn signature(keys: &[SigningKey], id: DeliveryId, timestamp: i64, body: &[u8]) -> String {
    let head = format!("{id}.{timestamp}.");
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(&[head.as_bytes(), body])).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the specification and its libraries publish: secret, id, timestamp, body, signature.
    const PUBLISHED: [(&str, &str, i64, &str, &str); 2] = [
        (
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "plJ3nmyCDGBKInavdOK15jsl",
            "msg_loFOjxBNrRLzqYUf",
            1_731_705_121,
            r#"{"event_type":"ping","data":{"success":true}}"#,
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ),
    ];

    #[test]
    fn the_published_vectors_come_out() {
        for (secret, id, timestamp, body, expected) in PUBLISHED {
            let key = SigningKey(Secret::new(STANDARD.decode(secret).unwrap()));
            // The ids of the vectors are not of our form, so the message is put together here.
            let message = format!("{id}.{timestamp}.{body}");
            assert_eq!(key.sign(&[message.as_bytes()]), expected, "{id}");
        }
    }

    #[test]
    fn each_key_signs_in_its_turn() {
        let id: DeliveryId = crate::domain::id::Id::from_uuid(uuid::Uuid::from_u128(7));
        let keys = [1, 2].map(|byte| SigningKey::of(&SigningSecret::from_random([byte; 32])).unwrap());
        let both = signature(&keys, id, 1_614_265_330, b"{}");
        let [first, second] = keys.map(|key| signature(&[key], id, 1_614_265_330, b"{}"));
        assert_eq!(both, format!("{first} {second}"));
        assert_ne!(first, second);
    }

    #[test]
    fn the_bytes_of_a_secret_sign_and_not_its_text() {
        let key = SigningKey::of(&SigningSecret::from_random([9; 32])).unwrap();
        assert_eq!(key.0.expose(), &[9; 32]);
    }
}
