//! What `/authorize` and `/api/v1/me` have in common: every decision is counted.

use crate::{
    actions::{Context, authorize::Caller},
    domain::authorization::Refusal,
};

/// The decision, counted.
pub(super) async fn counted(
    ctx: &Context,
    decision: impl Future<Output = Result<Caller, Refusal>>,
) -> Result<Caller, Refusal> {
    let began = ctx.metrics.start_timer();
    let decision = decision.await;
    ctx.metrics.decided(began, decision.as_ref().map(drop).map_err(|refusal| refusal.code));
    decision
}
