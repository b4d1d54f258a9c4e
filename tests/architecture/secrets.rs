//! How what is secret is compared (S36).

use std::path::Path;

use super::{code, sources};

/// Where that is done, and by what takes as long if it differs. Passwords are compared by Argon2,
/// codes of an authenticator app by `totp-rs`; all else is looked up by its hash.
const COMPARED_BY: &[(&str, &str, usize)] = &[
    ("src/crypto/keyring.rs", ".ct_eq(", 1),
    ("src/crypto/keyring.rs", ".verify_slice(", 1),
    ("src/crypto/token.rs", ".ct_eq(", 1),
    ("src/domain/jwt/verifier.rs", ".ct_eq(", 1),
    ("src/domain/oauth/pkce.rs", ".ct_eq(", 1),
];

/// Without `==` of their own, and so without one of what is made of them.
const NOT_COMPARED: &[&str] = &["src/domain/secret.rs", "src/crypto/token.rs", "src/domain/jwt/verifier.rs"];

#[test]
fn what_is_secret_is_compared_in_constant_time() {
    for (file, by, times) in COMPARED_BY {
        assert_eq!(code(Path::new(file)).matches(by).count(), *times, "{by} in {file}");
    }
    for file in NOT_COMPARED {
        assert!(!code(Path::new(file)).contains("PartialEq"), "{file}");
    }
    for path in sources("src") {
        let code = code(&path);
        let shown = |line: &&str| {
            let shows = line.contains("expose()") || line.contains(".finalize()");
            shows && (line.contains(" == ") || line.contains(" != "))
        };
        assert_eq!(code.lines().find(shown), None, "{}", path.display());
    }
}
