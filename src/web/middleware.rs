//! What happens around every request.

pub(super) mod access_log;
pub(super) mod count;
pub(super) mod error_pages;
pub(super) mod panics;
pub(super) mod request_id;
pub(super) mod same_origin;
pub(super) mod security_headers;
