//! What an OAuth app may still have of what waits for it.

use super::super::{Context, Result, oauth::grants::deauthorized};
use crate::{
    domain::{
        app::AppType,
        id::DeliveryId,
        lane::{Lane, LaneKind},
    },
    store::{Conn, Due},
};

/// Of what is due for an OAuth app what may be sent still, and what no owner lets it have any more:
/// a grant may have ended since it was published.
pub(super) async fn still_granted(
    read: &mut Conn,
    lane: &Lane,
    due: Vec<Due>,
) -> Result<(Vec<Due>, Vec<DeliveryId>)> {
    match (lane.app_type, lane.kind) {
        (AppType::Oauth, LaneKind::Production | LaneKind::Development) if !due.is_empty() => {
            let ids: Vec<DeliveryId> = due.iter().map(|due| due.id).collect();
            let ungranted = read.ungranted(&ids, &deauthorized()?).await?;
            let due = due.into_iter().filter(|due| ungranted.binary_search(&due.id).is_err()).collect();
            Ok((due, ungranted))
        }
        (AppType::Oauth | AppType::Jwt | AppType::ServerToServer | AppType::Webhook, _) => {
            Ok((due, Vec::new()))
        }
    }
}

/// Drops what no owner lets its app have any more.
pub(super) async fn drop_ungranted(ctx: &Context, ungranted: &[DeliveryId]) -> Result<()> {
    if ungranted.is_empty() {
        return Ok(());
    }
    let mut tx = ctx.begin().await?;
    tx.drop_deliveries(ungranted, ctx.now()).await?;
    Ok(tx.commit().await?)
}
