//! A posted form with one file, read as it comes.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::{
    Extracted,
    form::{PATIENCE, bad_request, check_csrf, received, unless_silent},
};
use crate::{
    domain::icon,
    web::{error::PageError, pages::errors::Refused},
};

/// The most bytes a request may have, its file among them.
const MAX_REQUEST: usize = 8 * 1024 * 1024;
/// The most bytes all fields apart from the file may have.
const MAX_TEXT: usize = 64 * 1024;
const MAX_FIELDS: usize = 64;

/// A multipart form (RFC 7578) posted by `A`: fields `F`, and the file of one field.
#[derive(Debug)]
pub(in crate::web) struct Upload<A, F> {
    pub(in crate::web) at: A,
    pub(in crate::web) form: F,
    pub(in crate::web) file: Option<UploadedFile>,
}

/// A file, unless it was too large to keep.
#[derive(Debug)]
pub(in crate::web) enum UploadedFile {
    Kept(Vec<u8>),
    /// Its bytes were thrown away as they came; this is how many there were.
    TooLarge {
        size_bytes: u64,
    },
}

impl<A, F> FromRequest for Upload<A, F>
where
    A: FromRequest + 'static,
    A::Error: Into<PageError>,
    F: DeserializeOwned + 'static,
{
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = unless_silent(payload.take());
        Box::pin(async move {
            let (at, parts) = received(&request, Parts::of(&request, &mut payload)).await?;
            check_csrf(&request, parts.text("csrf")).await?;
            let encoded =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&parts.fields).finish();
            let form = serde_html_form::from_str(&encoded).map_err(|_| bad_request())?;
            Ok(Self { at, form, file: parts.file })
        })
    }
}

#[derive(Default)]
struct Parts {
    fields: Vec<(String, String)>,
    file: Option<UploadedFile>,
    has_file: bool,
    total: usize,
    text: usize,
}

impl Parts {
    async fn of(request: &HttpRequest, payload: &mut Payload) -> Result<Self, PageError> {
        if request.content_type() != "multipart/form-data" {
            return Err(PageError::Refused(Refused::FormExpired));
        }
        let multipart = Multipart::from_request(request, payload).await.map_err(|_| bad_request())?;
        tokio::time::timeout(PATIENCE, Self::read(multipart)).await.map_err(|_| bad_request())?
    }

    async fn read(mut multipart: Multipart) -> Result<Self, PageError> {
        let mut parts = Self::default();
        while let Some(field) = multipart.next().await {
            parts.add(field.map_err(malformed)?).await?;
        }
        Ok(parts)
    }

    async fn add(&mut self, field: Field) -> Result<(), PageError> {
        let name = field.name().ok_or_else(bad_request)?.to_owned();
        let is_file = field.content_disposition().is_some_and(|how| how.get_filename().is_some());
        if is_file {
            // Two files under one field: which one was meant cannot be known.
            if name != "icon" || self.has_file {
                return Err(bad_request());
            }
            self.has_file = true;
            self.file = self.file(field).await?;
            return Ok(());
        }
        if self.fields.len() >= MAX_FIELDS {
            return Err(bad_request());
        }
        let value = self.value(field).await?;
        self.fields.push((name, value));
        Ok(())
    }

    /// No file at all is sent as one without a byte.
    async fn file(&mut self, mut field: Field) -> Result<Option<UploadedFile>, PageError> {
        let mut kept = Vec::new();
        let mut size_bytes: u64 = 0;
        while let Some(chunk) = field.next().await {
            let chunk = chunk.map_err(malformed)?;
            self.count(chunk.len())?;
            size_bytes += chunk.len() as u64;
            if size_bytes <= icon::MAX_BYTES as u64 {
                kept.extend_from_slice(&chunk);
            } else {
                kept = Vec::new();
            }
        }
        Ok(match size_bytes {
            0 => None,
            large if large > icon::MAX_BYTES as u64 => Some(UploadedFile::TooLarge { size_bytes }),
            _ => Some(UploadedFile::Kept(kept)),
        })
    }

    async fn value(&mut self, mut field: Field) -> Result<String, PageError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = field.next().await {
            let chunk = chunk.map_err(malformed)?;
            self.count(chunk.len())?;
            self.text += chunk.len();
            if self.text > MAX_TEXT {
                return Err(PageError::Refused(Refused::TooLarge));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| bad_request())
    }

    fn count(&mut self, bytes: usize) -> Result<(), PageError> {
        self.total += bytes;
        if self.total > MAX_REQUEST { Err(PageError::Refused(Refused::TooLarge)) } else { Ok(()) }
    }

    fn text(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn malformed(error: MultipartError) -> PageError {
    tracing::debug!(%error, "a multipart form could not be read");
    bad_request()
}
