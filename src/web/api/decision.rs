//! What `/authorize` and `/api/v1/me` have in common: every decision is counted.

use futures_util::FutureExt as _;

use crate::{
    actions::{Context, authorize::Caller},
    domain::authorization::{Code, Refusal},
    web::middleware::panics,
};

/// The decision, counted. One that panics is a no, and counted as what Portico cannot know.
pub(super) fn counted(
    ctx: &Context,
    decision: impl Future<Output = Result<Caller, Refusal>>,
) -> impl Future<Output = Result<Caller, Refusal>> {
    let began = ctx.metrics.start_timer();
    made(decision).map(move |decision| {
        ctx.metrics.decided(began, decision.as_ref().map(drop).map_err(|refusal| refusal.code));
        decision
    })
}

fn made(
    decision: impl Future<Output = Result<Caller, Refusal>>,
) -> impl Future<Output = Result<Caller, Refusal>> {
    panics::answered(decision, || Err(broken()))
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
