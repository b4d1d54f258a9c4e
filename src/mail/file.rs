//! Mail as files, for tests and for trying Portico out.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{MailError, Message};

/// A directory that was there when the program started.
#[derive(Clone, Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn make(path: PathBuf) -> Result<Self, MailError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        match made {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(MailError::File { path, source }),
        }
    }

    /// Writes `bytes` as one `.eml`, named so that names sort by time.
    pub(super) async fn write(&self, message: &Message, bytes: Vec<u8>) -> Result<(), MailError> {
        let time = message.at.iso().replace(['-', ':'], "");
        let path = self.0.join(format!("{time}-{}.eml", message.id));
        let target = path.clone();
        tokio::task::spawn_blocking(move || write_whole(&target, &bytes))
            .await
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(|source| MailError::File { path, source })
    }
}

/// Whoever looks into the directory finds whole mails only.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        // Its links open accounts.
        .mode(0o600)
        .open(&part)?;
    io::Write::write_all(&mut file, bytes)?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::{Mailer, example};
    use super::*;

    #[tokio::test]
    async fn each_mail_is_one_file_named_by_time_and_id_in_a_directory_that_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let mails = dir.path().join("var/mail");
        let mailer = Mailer::file("Meridian", "portal@meridian.example", mails.clone()).unwrap();
        let mut message = example("ada@example.com");
        // Eight bits, and the link is still as it was.
        message.text.push_str("Grüße\n");
        for _ in 0..2 {
            mailer.send(&message).await.unwrap();
        }
        let names: Vec<_> = fs::read_dir(&mails)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names, [format!("20261124T072000Z-{}.eml", message.id)]);
        let path = mails.join(&names[0]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mail = fs::read_to_string(path).unwrap();
        assert!(mail.contains("token=abc=def now.\r\nGrüße\r\n"), "{mail}");
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_made_or_is_gone_is_said_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("file");
        fs::write(&taken, "").unwrap();
        let error = Mailer::file("M", "m@m.example", taken.join("mail")).unwrap_err();
        assert!(error.to_string().ends_with("file/mail"), "{error}");

        let mails = dir.path().join("mail");
        let mailer = Mailer::file("M", "m@m.example", mails.clone()).unwrap();
        fs::remove_dir(mails).unwrap();
        let error = mailer.send(&example("ada@example.com")).await.unwrap_err();
        assert!(error.is_worth_a_retry(), "{error}");
    }
}
