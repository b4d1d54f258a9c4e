//! What became of an endpoint.

use askama::Template;

use super::{Letter, MessageError, letter};
use crate::domain::{
    lane::{LaneKind, TurnedOff},
    time::Timestamp,
};

/// An endpoint to which nothing is sent any more.
#[derive(Clone, Copy)]
pub struct Off<'a> {
    /// The app's id.
    pub app: &'a str,
    /// The page of the subscription.
    pub url: &'a str,
    pub at: Timestamp,
    pub lane: LaneKind,
    pub cause: TurnedOff,
}

/// To an owner of an account, of whose apps one has an endpoint that failed for too long or wants
/// no more.
///
/// # Errors
/// See [`MessageError`].
pub fn turned_off(platform: &str, off: Off<'_>) -> Result<Letter, MessageError> {
    letter(
        format!("An endpoint of your app on {platform} was turned off"),
        &EndpointTurnedOff { platform, off },
    )
}

#[derive(Template)]
#[template(path = "mail/endpoint_turned_off.txt")]
struct EndpointTurnedOff<'a> {
    platform: &'a str,
    off: Off<'a>,
}
