//! The codes of authenticator apps (RFC 6238): HMAC-SHA-1, six digits, half a minute each.
//! Every app knows these; many pass over any other choice without a word.

use totp_rs::{Algorithm, Builder, Totp, TotpError};

use crate::domain::{
    secret::Secret,
    time::Timestamp,
    two_step::{DIGITS, PERIOD, SKEW, Step, in_groups},
};

/// 160 bits, as RFC 4226 §4 would have it.
const BYTES: usize = 20;

/// What an app and Portico share.
#[derive(Clone, Debug)]
pub struct TotpSecret(Secret<[u8; BYTES]>);

impl TotpSecret {
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(super::random()))
    }

    /// The secret that was kept as these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
    }

    #[must_use]
    pub const fn expose(&self) -> &[u8; BYTES] {
        self.0.expose()
    }

    /// As one types it into an app: base32 in groups of four (RFC 4648 §6).
    #[must_use]
    pub fn typed(&self) -> String {
        in_groups(&totp_rs::Secret::new_stack(*self.expose()).to_base32(), ' ')
    }

    /// What a QR code holds for an app: the secret, whose it is and of which platform. A colon
    /// would end a name there, so names lose theirs.
    ///
    /// # Errors
    /// Only for an empty user's name, which no address is.
    pub fn url(&self, platform: &str, user: &str) -> Result<Secret<String>, TotpError> {
        let named = self.builder().with_issuer(Some(platform.replace(':', "")));
        named.with_account_name(user.replace(':', "")).build()?.to_url().map(Secret::new)
    }

    /// The step that a code is of, if it is of this moment or at most one step off.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<Step> {
        let now = u64::try_from(now.seconds()).ok()?;
        // Compares in constant time.
        let step = self.totp().ok()?.check(code, now)?;
        i64::try_from(step).ok().map(Step::new)
    }

    fn totp(&self) -> Result<Totp, TotpError> {
        self.builder().build()
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(u8::try_from(DIGITS).unwrap_or_default())
            .with_skew(SKEW)
            .with_step_duration(PERIOD.as_seconds().unsigned_abs())
            .with_secret(*self.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B.
    fn rfc() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn step_of(code: &str, seconds: i64) -> Option<i64> {
        rfc().step_of(code, Timestamp::from_seconds(seconds)).map(Step::number)
    }

    /// Appendix B gives eight digits, of which the last six are the code of six.
    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (seconds, code, step) in [
            (59, "94287082", 0x1),
            (1_111_111_109, "07081804", 0x023_523EC),
            (1_111_111_111, "14050471", 0x023_523ED),
            (1_234_567_890, "89005924", 0x273_EF07),
            (2_000_000_000, "69279037", 0x3F9_40AA),
            (20_000_000_000, "65353130", 0x27BC_86AA),
        ] {
            assert_eq!(step_of(&code[2..], seconds), Some(step), "{seconds}");
            assert_eq!(Step::of(Timestamp::from_seconds(seconds)).number(), step);
        }
    }

    #[test]
    fn a_code_is_taken_one_step_either_way_and_no_further() {
        // The code of step 0x273EF07, which lasts from 1,234,567,890 to …919.
        let at = |seconds| step_of("005924", seconds).is_some();
        assert_eq!(
            [1_234_567_859, 1_234_567_860, 1_234_567_949, 1_234_567_950].map(at),
            [false, true, true, false]
        );
        assert_eq!(step_of("005924", 1_234_567_949), Some(0x273_EF07), "it is of its own step");
    }

    #[test]
    fn what_is_not_six_digits_is_no_code() {
        for wrong in ["", "05924", "0005924", "00592a", "+05924", " 05924"] {
            assert_eq!(step_of(wrong, 1_234_567_890), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_app_reads_the_secret_as_it_is_typed_and_in_the_url() {
        assert_eq!(rfc().typed(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let url = rfc().url("Meridian: API & Co", "ada@meridian.example").unwrap();
        assert_eq!(
            url.expose(),
            "otpauth://totp/Meridian%20API%20%26%20Co:ada%40meridian.example\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Meridian%20API%20%26%20Co"
        );
        assert!(!format!("{:?}", rfc()).contains("49"));
        assert!(TotpSecret::from_bytes(b"short").is_none());
    }
}
