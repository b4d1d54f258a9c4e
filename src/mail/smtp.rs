//! Mail handed to a server (RFC 5321).

use std::{net::Ipv6Addr, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use url::{Host, Url};

use super::MailError;

/// A command that takes longer has failed; the outbox tries again.
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Server(AsyncSmtpTransport<Tokio1Executor>);

impl Server {
    pub(super) fn new(url: &Url) -> Result<Self, MailError> {
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => {
                return Err(MailError::Unfit(String::from("the mail server has no host")));
            }
        };
        let credentials = credentials(url)?;
        let (port, tls) = if url.scheme() == "smtps" {
            (465, Tls::Wrapper(parameters(&host)?))
        } else if is_this_machine(&host) {
            (587, Tls::None)
        } else if credentials.is_some() {
            // A password never crosses a network that anybody may read.
            (587, Tls::Required(parameters(&host)?))
        } else {
            (587, Tls::Opportunistic(parameters(&host)?))
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(TIMEOUT))
            .pool_config(PoolConfig::new().max_size(2));
        if let Some(credentials) = credentials {
            builder = builder.credentials(credentials);
        }
        Ok(Self(builder.build()))
    }

    pub(super) async fn send(&self, mail: lettre::Message) -> Result<(), MailError> {
        match self.0.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if is_about_the_mail(&error) => Err(MailError::Refused(error)),
            Err(error) => Err(MailError::Server(error)),
        }
    }
}

/// 55x names the mailbox or the content (RFC 5321 §4.2.2). Any other refusal, such as
/// wrong credentials (535), is the operator's to mend, and the mail waits.
fn is_about_the_mail(error: &smtp::Error) -> bool {
    let code = error.status().map(u16::from);
    // lettre's own refusal: the server cannot take this address or text at all.
    matches!(code, Some(550..=559)) || (code.is_none() && error.is_client())
}

fn parameters(host: &str) -> Result<TlsParameters, MailError> {
    TlsParameters::new(host.to_owned())
        .map_err(|error| MailError::Unfit(format!("TLS cannot be set up for {host}: {error}")))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
        || host.parse().is_ok_and(|ip: Ipv6Addr| ip.to_canonical().is_loopback())
}

fn credentials(url: &Url) -> Result<Option<Credentials>, MailError> {
    let Some(password) = url.password() else {
        return Ok(None);
    };
    match (decoded(url.username()), decoded(password)) {
        (Some(user), Some(password)) => Ok(Some(Credentials::new(user, password))),
        _ => Err(MailError::Unfit(String::from(
            "the mail server's user name or password has a % without two hexadecimal digits",
        ))),
    }
}

/// Percent-encoding undone (RFC 3986 §2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let value = if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        };
        bytes.push(value);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpListener,
        thread::{self, JoinHandle},
    };

    use super::super::{Mailer, example};
    use super::*;

    /// A server for one connection that answers `RCPT TO` and `AUTH` as told, and hands
    /// back all it heard.
    fn server(recipient: &'static str, auth: &'static str) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = thread::spawn(move || {
            let (mut out, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(out.try_clone().unwrap()).lines();
            let mut heard = String::new();
            let mut in_data = false;
            out.write_all(b"220 ready\r\n").unwrap();
            while let Some(Ok(line)) = lines.next() {
                heard.push_str(&line);
                heard.push('\n');
                let answer = match line.get(..4).unwrap_or(&line) {
                    "." => {
                        in_data = false;
                        "250 taken"
                    }
                    _ if in_data => continue,
                    "EHLO" => "250-here\r\n250 AUTH PLAIN",
                    "AUTH" => auth,
                    "RCPT" => recipient,
                    "DATA" => {
                        in_data = true;
                        "354 go on"
                    }
                    "QUIT" => break,
                    _ => "250 ok",
                };
                out.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
            }
            heard
        });
        (port, heard)
    }

    fn mailer(url: &str) -> Result<Mailer, MailError> {
        Mailer::smtp("Meridian", "portal@meridian.example", &Url::parse(url).unwrap())
    }

    async fn sent(recipient: &'static str, auth: &'static str) -> (Result<(), MailError>, String) {
        let (port, heard) = server(recipient, auth);
        let mailer = mailer(&format!("smtp://ada:p%40ss@127.0.0.1:{port}")).unwrap();
        let result = mailer.send(&example("ada@example.com")).await;
        drop(mailer);
        // The last connection stays open for the next mail until the pool is gone.
        tokio::task::yield_now().await;
        (result, heard.join().unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mail_is_handed_over_with_the_credentials_of_the_url() {
        let (result, heard) = sent("250 ok", "235 welcome").await;
        result.unwrap();
        // base64 of NUL ada NUL p@ss
        assert!(heard.contains("AUTH PLAIN AGFkYQBwQHNz"), "{heard}");
        assert!(heard.contains("RCPT TO:<ada@example.com>"), "{heard}");
        assert!(heard.contains("token=abc=def now."), "{heard}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_a_refusal_of_the_mail_itself_is_final() {
        for (recipient, auth, retry) in [
            ("550 no such user", "235 welcome", false),
            ("450 come back later", "235 welcome", true),
            ("250 ok", "535 wrong password", true),
        ] {
            let (result, heard) = sent(recipient, auth).await;
            let error = result.unwrap_err();
            assert_eq!(error.is_worth_a_retry(), retry, "{error:?} {heard}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_worth_a_retry() {
        // Bound and dropped: nobody listens on it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mailer = mailer(&format!("smtp://127.0.0.1:{port}")).unwrap();
        let error = mailer.send(&example("ada@example.com")).await.unwrap_err();
        assert!(error.is_worth_a_retry(), "{error:?}");
    }

    #[tokio::test]
    async fn passwords_are_read_rightly_or_not_at_all_and_never_shown() {
        for (text, expected) in
            [("p%40ss", Some("p@ss")), ("a+b", Some("a+b")), ("%4", None), ("%zz", None), ("%ff", None)]
        {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
        assert!(mailer("smtp://ada:%zz@mail.example").is_err());
        for url in ["smtp://ada:hunter2@mail.example", "smtps://ada:hunter2@[2001:db8::1]"] {
            let shown = format!("{:?}", mailer(url).unwrap());
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
