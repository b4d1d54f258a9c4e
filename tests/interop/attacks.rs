//! Tokens that mean harm, or are only wrong: what each is answered, by both endpoints (S29,
//! S30, S31). The attacker often knows the secret, since a rule must hold even then.

mod algorithms;
mod claims;
mod encodings;
mod headers;
mod order;
mod requests;

use crate::caller::{Answer, Caller};

/// How both a bad signature and an unknown key are answered.
const NOT_VERIFIED: &str = "The signature could not be verified.";
const ALG: &str = "alg must be HS256.";

/// Attacks on one portal, each judged as it is named.
struct Attacks {
    caller: Caller,
    tried: usize,
}

impl Attacks {
    async fn new() -> Self {
        Self { caller: Caller::new().await, tried: 0 }
    }

    /// Harmless, and let in.
    fn passes(&mut self, what: &str, token: impl AsRef<[u8]>) {
        self.tried += 1;
        let answer = self.caller.judge(token);
        assert_eq!((answer.status, answer.code.as_str()), (200, ""), "{what}: {}", answer.body);
    }

    /// Refused as `invalid_token`, for the reason that these words tell.
    fn invalid(&mut self, what: &str, token: impl AsRef<[u8]>, words: &str) {
        self.refused(what, token, "invalid_token", words);
    }

    fn refused(&mut self, what: &str, token: impl AsRef<[u8]>, code: &str, words: &str) {
        let answer = self.caller.judge(token);
        self.is_refusal(what, &answer, code, words);
    }

    /// As [`Attacks::refused`], for whole header lines.
    fn lines_refused(&mut self, what: &str, lines: &[u8], code: &str, words: &str) {
        let answer = self.caller.judge_lines(lines);
        self.is_refusal(what, &answer, code, words);
    }

    fn is_refusal(&mut self, what: &str, answer: &Answer, code: &str, words: &str) {
        self.tried += 1;
        assert_eq!((answer.status, answer.code.as_str()), (401, code), "{what}: {}", answer.body);
        assert!(answer.detail().contains(words), "{what}: {}", answer.detail());
        assert!(answer.challenge.starts_with("Bearer"), "{what}: {}", answer.challenge);
    }

    /// No HTTP any more: refused before anybody looks for a token.
    fn malformed(&mut self, what: &str, lines: &[u8]) {
        self.tried += 1;
        let answer = self.caller.judge_lines(lines);
        assert_eq!((answer.status, answer.code.as_str()), (400, ""), "{what}: {}", answer.body);
    }

    /// So that a loop that went round no time shows.
    fn were(&self, tried: usize) {
        assert_eq!(self.tried, tried, "attacks tried");
    }
}
