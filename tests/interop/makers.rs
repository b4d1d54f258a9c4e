//! Tokens of libraries that are not ours: `PyJWT`, and `jose` and `jsonwebtoken` for Node.js (S32).
//! `scripts/test` installs them.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::caller::{Caller, ENDPOINTS};

/// A library, by the interpreter and the script that run it.
pub(crate) struct Maker {
    pub(crate) name: &'static str,
    pub(crate) program: &'static [&'static str],
}

const MAKERS: [Maker; 3] = [
    // Isolated and without the machine's own packages: what was pinned, or nothing.
    Maker { name: "PyJWT", program: &["python3", "-I", "-S", "tests/interop/python/maker.py"] },
    Maker { name: "jsonwebtoken", program: &["node", "tests/interop/node/jsonwebtoken.mjs"] },
    Maker { name: "jose", program: &["node", "tests/interop/node/jose.mjs"] },
];

impl Maker {
    /// Has the library do jobs. They hold secrets, so they go by standard input.
    pub(crate) fn run(&self, jobs: &Value) -> Vec<Value> {
        let [program, arguments @ ..] = self.program else { panic!("{} has no program", self.name) };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start; scripts/test installs it: {error}"));
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(jobs.to_string().as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", self.name);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {said}", self.name))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_independent_libraries_are_accepted() {
    let caller = Caller::new().await;
    let claims = [
        caller.claims(&json!({})),
        caller
            .claims(&json!({"aud": caller.audience, "nbf": caller.now, "jti": "1", "name": "Zoë \u{1f600}"})),
        caller.claims(&json!({"aud": ["https://other.example", caller.audience]})),
    ];
    let job = |claims| json!({"alg": "HS256", "secret": caller.secret, "claims": claims});
    let jobs: Value = claims.iter().map(job).collect();
    for maker in MAKERS {
        let tokens = maker.run(&jobs);
        assert_eq!(tokens.len(), claims.len(), "{}", maker.name);
        for (token, claims) in tokens.iter().zip(&claims) {
            let token = token.as_str().unwrap_or_else(|| panic!("{} makes no token", maker.name));
            let line = format!("Authorization: Bearer {token}\r\n");
            for path in ENDPOINTS {
                let answer = caller.ask(path, line.as_bytes());
                assert_eq!(answer.status, 200, "{} {path} {claims}: {}", maker.name, answer.body);
            }
            let me = caller.ask("/api/v1/me", line.as_bytes());
            assert!(me.body.contains(&caller.app.id.to_string()), "{}: {}", maker.name, me.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_independent_libraries_make_wrong_is_refused() {
    let caller = Caller::new().await;
    let claims = caller.claims(&json!({}));
    let another = "as_a_secret_that_this_portal_has_never_made_and_never_will";
    let expired = caller.claims(&json!({"iat": caller.now - 3600, "exp": caller.now - 120}));
    let wrong = [
        (json!({"alg": "HS256", "secret": caller.secret, "claims": expired}), "token_expired"),
        (json!({"alg": "HS256", "secret": another, "claims": claims}), "invalid_token"),
        (json!({"alg": "HS512", "secret": caller.secret, "claims": claims}), "invalid_token"),
        (json!({"alg": "none", "secret": caller.secret, "claims": claims}), "invalid_token"),
    ];
    let jobs: Value = wrong.iter().map(|(job, _)| job.clone()).collect();
    for maker in MAKERS {
        let tokens = maker.run(&jobs);
        assert_eq!(tokens.len(), wrong.len(), "{}", maker.name);
        for (token, (job, code)) in tokens.iter().zip(&wrong) {
            let answer = caller.judge(token.as_str().expect("a token"));
            let got = (answer.status, answer.code.as_str());
            assert_eq!(got, (401, *code), "{} {} {}", maker.name, job["alg"], answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_made_here_is_accepted_by_independent_libraries() {
    let caller = Caller::new().await;
    let browser = caller.portal.signed_in(&caller.owner).await;
    let page = format!("/apps/{}/credentials", caller.app.id);
    let shown = browser.fill(&page, &format!("{page}/token"), &[("expires_in", "1h")]).await;
    let token = shown.texts("#token").join("");
    assert_eq!(caller.judge(&token).status, 200, "{token}");
    let job =
        |secret: &str, iss: &str| json!({"token": token, "secret": secret, "iss": iss, "now": caller.now});
    let jobs = json!([
        job(&caller.secret, &caller.key),
        job("as_a_secret_that_this_portal_has_never_made_and_never_will", &caller.key),
        job(&caller.secret, "ak_another"),
    ]);
    for maker in MAKERS {
        let answers = maker.run(&jobs);
        // To the letter what the page's form asked for: no claim more, none less.
        let expected = [caller.claims(&json!({})), Value::Null, Value::Null];
        assert_eq!(answers, expected, "{}", maker.name);
    }
}
