//! What `/authorize` and `/api/v1/me` have in common: every decision is counted.

use crate::{
    actions::{Context, authorize::Caller},
    domain::authorization::{Code, Refusal},
    web::middleware::panics,
};

/// The decision, counted. One that panics is a no, and counted as what Portico cannot know.
pub(super) async fn counted(
    ctx: &Context,
    decision: impl Future<Output = Result<Caller, Refusal>>,
) -> Result<Caller, Refusal> {
    let began = ctx.metrics.start_timer();
    let decision = made(decision).await;
    ctx.metrics.decided(began, decision.as_ref().map(drop).map_err(|refusal| refusal.code));
    decision
}

async fn made(decision: impl Future<Output = Result<Caller, Refusal>>) -> Result<Caller, Refusal> {
    panics::answered(decision, || Err(broken())).await
}

/// What is said when judging has failed.
pub(super) fn broken() -> Refusal {
    Refusal::new(Code::Unavailable, "Portico failed to judge the token.").retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_decision_that_panics_is_one_and_so_is_counted() {
        let decision = made(async { panic!("a secret of the house") }).await;
        assert_eq!(decision.unwrap_err(), broken());
    }
}
