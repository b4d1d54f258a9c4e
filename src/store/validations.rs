//! Validations of endpoints: what was asked, and what came of it.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    delivery::attempt::Outcome,
    event::Environment,
    id::{AccountId, DeliveryId, SubscriptionId},
    time::Timestamp,
    validation::{Forged, PlainToken, Probed, Told, Validation},
};

statements! {
    /// The last validation of each endpoint of a subscription.
    VALIDATIONS = "select v.environment, v.asked_at, v.probe_id, v.probed, v.forged_id, v.forged,
            p.last_outcome as probe_outcome, p.last_status as probe_status, p.id as probe_kept,
            f.last_outcome as forged_outcome, f.last_status as forged_status, f.id as forged_kept
        from validations v join subscriptions s on s.id = v.subscription_id join apps a on a.id = s.app_id
        left join deliveries p on p.id = v.probe_id left join deliveries f on f.id = v.forged_id
        where a.account_id = $1 and v.subscription_id = $2 order by v.environment";
    /// What the endpoint is asked to encrypt by a probe, if that is the last one.
    TOKEN_OF_PROBE = "select v.plain_token from validations v join subscriptions s on s.id = v.subscription_id
        join apps a on a.id = s.app_id
        where a.account_id = $1 and v.subscription_id = $2 and v.probe_id = $3";
    /// An endpoint is asked, once more if it was before.
    ASK = "insert into validations (subscription_id, environment, plain_token, probe_id, forged_id, asked_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (subscription_id, environment) do update set
            plain_token = excluded.plain_token, probe_id = excluded.probe_id, forged_id = excluded.forged_id,
            asked_at = excluded.asked_at, probed = null, forged = null";
    /// What came of a probe.
    SET_PROBED = "update validations set probed = $3 where subscription_id = $1 and probe_id = $2";
    /// What came of one that was wrongly signed.
    SET_FORGED = "update validations set forged = $3 where subscription_id = $1 and forged_id = $2";
    /// Nothing is known any more of an endpoint.
    FORGET_VALIDATION = "delete from validations where subscription_id = $1 and environment = $2";
}

/// What an endpoint is asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub subscription: SubscriptionId,
    pub environment: Environment,
    pub token: PlainToken,
    pub probe: DeliveryId,
    pub forged: DeliveryId,
    pub asked_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    environment: Environment,
    asked_at: Timestamp,
    probe_id: DeliveryId,
    probed: Option<Probed>,
    probe_outcome: Option<String>,
    probe_status: Option<i64>,
    probe_kept: Option<DeliveryId>,
    forged_id: DeliveryId,
    forged: Option<Forged>,
    forged_outcome: Option<String>,
    forged_status: Option<i64>,
    forged_kept: Option<DeliveryId>,
}

impl From<Row> for Validation {
    fn from(row: Row) -> Self {
        let outcome = |outcome: Option<String>, status: Option<i64>| {
            Outcome::from_parts(&outcome?, status.and_then(|status| u16::try_from(status).ok()), None)
        };
        Self {
            environment: row.environment,
            asked_at: row.asked_at,
            probe: Told {
                delivery: row.probe_id,
                found: row.probed,
                outcome: outcome(row.probe_outcome, row.probe_status),
                is_kept: row.probe_kept.is_some(),
            },
            forged: Told {
                delivery: row.forged_id,
                found: row.forged,
                outcome: outcome(row.forged_outcome, row.forged_status),
                is_kept: row.forged_kept.is_some(),
            },
        }
    }
}

impl Conn {
    /// Of each endpoint of a subscription the last one.
    pub async fn validations(
        &mut self,
        account: AccountId,
        subscription: SubscriptionId,
    ) -> Result<Vec<Validation>> {
        let rows: Vec<Row> = all!(self, VALIDATIONS, account, subscription);
        Ok(rows.into_iter().map(Validation::from).collect())
    }

    /// What a probe asks to have encrypted, unless its validation is forgotten or another followed.
    pub async fn token_of_probe(
        &mut self,
        account: AccountId,
        subscription: SubscriptionId,
        probe: DeliveryId,
    ) -> Result<Option<PlainToken>> {
        let row: Option<(PlainToken,)> = optional!(self, TOKEN_OF_PROBE, account, subscription, probe);
        Ok(row.map(|(token,)| token))
    }
}

impl Tx {
    /// Takes the place of what was asked of the endpoint before.
    pub async fn ask(&mut self, question: &Question) -> Result<()> {
        let Question { subscription, environment, token, probe, forged, asked_at } = question;
        execute!(self, ASK, *subscription, *environment, token, *probe, *forged, *asked_at);
        Ok(())
    }

    pub async fn set_probed(
        &mut self,
        subscription: SubscriptionId,
        probe: DeliveryId,
        found: Probed,
    ) -> Result<()> {
        execute!(self, SET_PROBED, subscription, probe, found);
        Ok(())
    }

    pub async fn set_forged(
        &mut self,
        subscription: SubscriptionId,
        forged: DeliveryId,
        found: Forged,
    ) -> Result<()> {
        execute!(self, SET_FORGED, subscription, forged, found);
        Ok(())
    }

    /// To be called where the URL or the secret of an endpoint changes.
    pub async fn forget_validation(
        &mut self,
        subscription: SubscriptionId,
        environment: Environment,
    ) -> Result<()> {
        execute!(self, FORGET_VALIDATION, subscription, environment);
        Ok(())
    }
}
