//! Mail: what a message is, and the ways it leaves.

mod file;
mod log;
pub mod messages;
mod smtp;

use std::{io, path::PathBuf, time::Duration};

use lettre::{
    Address,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};
use thiserror::Error;
use url::Url;

pub use self::log::Shape;
use crate::domain::{id::MailId, time::Timestamp};

/// A mail to one person, in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Makes the `Message-ID` and the file's name, so that a second try is the same mail.
    pub id: MailId,
    /// When it was written.
    pub at: Timestamp,
    pub to: String,
    /// What the person is called. Leave it out when the address is not proven: whoever
    /// typed the address may have chosen the name to annoy its owner with.
    pub to_name: Option<String>,
    pub subject: String,
    pub text: String,
}

/// Without the text, whose links open accounts.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a mail did not leave.
#[derive(Debug, Error)]
pub enum MailError {
    /// The mail itself is at fault, such as an address that is none.
    #[error("the mail cannot be written: {0}")]
    Unfit(String),
    /// The server will not have this mail.
    #[error("the mail server refused the mail")]
    Refused(#[source] lettre::transport::smtp::Error),
    /// No server, no connection, wrong credentials, or a server that says "later".
    #[error("the mail server did not take the mail")]
    Server(#[source] lettre::transport::smtp::Error),
    #[error("the mail cannot be written to {path}")]
    File { path: PathBuf, source: io::Error },
}

impl MailError {
    /// Whether the same mail may leave another time.
    #[must_use]
    pub const fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Unfit(_) | Self::Refused(_) => false,
            Self::Server(_) | Self::File { .. } => true,
        }
    }
}

/// How mail leaves.
#[derive(Debug)]
enum Transport {
    Log(Shape),
    File(file::Directory),
    Smtp(smtp::Server),
}

/// Sends mail from one sender.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

impl Mailer {
    /// Prints mail to stderr.
    ///
    /// # Errors
    /// A sender's address that is none.
    pub fn log(name: &str, address: &str, shape: Shape) -> Result<Self, MailError> {
        Self::new(name, address, Transport::Log(shape))
    }

    /// Writes each mail to a file of its own, for its owner's eyes only, in a directory
    /// that is made now if it is missing.
    ///
    /// # Errors
    /// A sender's address that is none, or a directory that cannot be made or written.
    pub fn file(name: &str, address: &str, directory: PathBuf) -> Result<Self, MailError> {
        Self::new(name, address, Transport::File(file::Directory::make(directory)?))
    }

    /// Hands mail to a server. `smtps://` speaks TLS from the start (port 465 unless
    /// given). `smtp://` (port 587) turns to TLS by STARTTLS (RFC 3207): always when the
    /// URL holds credentials, else when the server offers it; to this machine itself it
    /// goes without. Must be called within the runtime, which tends the connections.
    ///
    /// # Errors
    /// A sender's address that is none, or a host that TLS cannot check.
    pub fn smtp(name: &str, address: &str, server: &Url) -> Result<Self, MailError> {
        Self::new(name, address, Transport::Smtp(smtp::Server::new(server)?))
    }

    fn new(name: &str, address: &str, transport: Transport) -> Result<Self, MailError> {
        Ok(Self { from: mailbox(Some(name), address)?, transport })
    }

    /// Sends a mail. Sending the same one again writes the same file again, and has the
    /// same `Message-ID`.
    ///
    /// # Errors
    /// See [`MailError`].
    pub async fn send(&self, message: &Message) -> Result<(), MailError> {
        match &self.transport {
            Transport::Log(shape) => log::print(message, *shape),
            Transport::File(directory) => {
                // A file has no server that could not take eight bits: links stay readable.
                let mail = compose(&self.from, message, ContentTransferEncoding::EightBit)?;
                directory.write(message, mail.formatted()).await
            }
            Transport::Smtp(server) => {
                let mail = compose(&self.from, message, ContentTransferEncoding::SevenBit)?;
                server.send(mail).await
            }
        }
    }
}

/// The mail as RFC 5322 has it, as it stands if `encoding` and its lines allow it.
fn compose(
    from: &Mailbox,
    message: &Message,
    encoding: ContentTransferEncoding,
) -> Result<lettre::Message, MailError> {
    let millis = u64::try_from(message.at.micros() / 1_000).unwrap_or_default();
    let body = as_is(&message.text, encoding).unwrap_or_else(|| Body::new(message.text.clone()));
    lettre::Message::builder()
        .from(from.clone())
        .to(mailbox(message.to_name.as_deref(), &message.to)?)
        .subject(one_line(&message.subject))
        .date(std::time::UNIX_EPOCH + Duration::from_millis(millis))
        .message_id(Some(format!("<{}@{}>", message.id, from.email.domain())))
        // No "out of office" comes back (RFC 3834 §5).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            String::from("auto-generated"),
        ))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(body)
        .map_err(|error| MailError::Unfit(error.to_string()))
}

/// The text as it stands, where RFC 5322 §2.1.1 allows its lines: links in it stay whole.
/// The library would encode any line of more than 76 characters.
fn as_is(text: &str, encoding: ContentTransferEncoding) -> Option<Body> {
    let fits = text.lines().all(|line| line.len() <= 998) && !text.contains('\r');
    let encoding = if text.is_ascii() { ContentTransferEncoding::SevenBit } else { encoding };
    let allowed = encoding == ContentTransferEncoding::EightBit || text.is_ascii();
    (fits && allowed).then(|| Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), encoding))
}

fn mailbox(name: Option<&str>, address: &str) -> Result<Mailbox, MailError> {
    if address.contains(char::is_control) {
        return Err(MailError::Unfit(String::from("the address has a control character")));
    }
    let address: Address =
        address.parse().map_err(|error| MailError::Unfit(format!("the address is not one: {error}")))?;
    let name = name.map(one_line).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, address))
}

/// For a header: nothing in it ends the line (S12).
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
fn example(to: &str) -> Message {
    use crate::domain::id::Id as _;

    Message {
        id: MailId::generate(Timestamp::from_seconds(1_795_504_800), [7; 10]),
        at: Timestamp::from_seconds(1_795_504_800),
        to: to.to_owned(),
        to_name: None,
        subject: String::from("Hello"),
        text: String::from("Open https://portal.example/password/reset?token=abc=def now.\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(message: &Message) -> String {
        let from = mailbox(Some("Meridian"), "portal@meridian.example").unwrap();
        let mail = compose(&from, message, ContentTransferEncoding::SevenBit).unwrap();
        String::from_utf8(mail.formatted()).unwrap()
    }

    #[test]
    fn a_mail_says_who_when_and_that_a_machine_wrote_it() {
        let mail = composed(&example("ada@example.com"));
        for line in [
            "From: Meridian <portal@meridian.example>\r\n",
            "To: ada@example.com\r\n",
            "Subject: Hello\r\n",
            "Date: Tue, 24 Nov 2026 07:20:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "\r\n\r\nOpen https://portal.example/password/reset?token=abc=def now.\r\n",
        ] {
            assert!(mail.contains(line), "{line:?} in {mail}");
        }
        assert!(mail.contains("\r\nMessage-ID: <mail_"), "{mail}");
    }

    #[test]
    fn line_ends_in_names_and_subjects_make_no_header() {
        for end in ["\r\n", "\n", "\r", "\0", "\u{85}", "\u{2028}"] {
            let mut message = example("ada@example.com");
            message.subject = format!("Hello{end}Bcc: eve@example.com");
            message.to_name = Some(format!("Ada{end}Bcc: eve@example.com"));
            let mail = composed(&message);
            let (head, _) = mail.split_once("\r\n\r\n").unwrap();
            assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
            assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head}");
            assert!(head.contains("Subject: Hello Bcc: eve@example.com"), "{head}");
        }
    }

    #[test]
    fn a_name_cannot_become_a_second_address() {
        let mut message = example("ada@example.com");
        message.to_name = Some(String::from("\" <eve@example.com>, \""));
        let from = mailbox(None, "portal@meridian.example").unwrap();
        let mail = compose(&from, &message, ContentTransferEncoding::SevenBit).unwrap();
        let to: Vec<_> = mail.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(to, ["ada@example.com"]);
        let mail = composed(&message);
        assert!(
            mail.contains("\r\nTo: =?utf-8?b?IiA8ZXZlQGV4YW1wbGUuY29tPiwgIg==?= <ada@example.com>\r\n"),
            "{mail}"
        );
    }

    #[test]
    fn addresses_with_line_ends_or_more_than_one_are_refused_for_good() {
        for wrong in [
            "ada@example.com\r\nBcc: eve@example.com",
            "\"a\r\nb\"@example.com",
            "ada@example.com\n",
            "ada@example.com,eve@example.com",
            "<ada@example.com>",
            "ada",
            "",
        ] {
            let error = mailbox(None, wrong).unwrap_err();
            assert!(!error.is_worth_a_retry(), "{wrong}");
        }
    }
}
