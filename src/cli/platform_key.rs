//! `portico platform-key create`: a key for one of the platform's own services.

use std::io::Write as _;

use super::{Outcome, arguments::CreatePlatformKey, boot};
use crate::{
    actions::platform_keys,
    config::Config,
    domain::{fields::Complaint as _, platform_key::PlatformKeyName},
};

/// Prints the key alone, this once.
pub(super) async fn create(config: &Config, arguments: CreatePlatformKey) -> Outcome {
    let name = arguments.name.parse::<PlatformKeyName>().map_err(|error| error.sentence("the name"))?;
    let ctx = boot::context(config).await?;
    let created = platform_keys::create(&ctx, name).await;
    ctx.store.close().await;
    writeln!(std::io::stdout(), "{}", created?.expose())?;
    Ok(())
}
