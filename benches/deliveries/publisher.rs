//! The platform's services: they publish events, each with a number of its own.

use std::{
    collections::HashMap,
    ops::Range,
    time::{Duration, Instant},
};

use portico::domain::id::AccountId;
use serde_json::json;

use crate::Result;

/// Events in a request.
const BATCH: u64 = 100;
pub(crate) const TYPE: &str = "meeting.started";
const TOPIC: &str = "A meeting whose topic is about as long as topics are";

/// A message as endpoints get them, of the length that they have here.
pub(crate) fn message() -> String {
    let data = json!({ "m": 123_456, "topic": TOPIC });
    json!({
        "type": TYPE,
        "timestamp": "2026-11-24T09:00:00.000000Z",
        "event_id": "evt_06dvjm4ry9ejh9w3wnkkwjqb5c",
        "account": "acc_06dvjm4ry9ejh9w3wnkkwjqb5c",
        "data": data,
    })
    .to_string()
}

#[derive(Clone)]
pub(crate) struct Publisher {
    http: reqwest::Client,
    address: String,
    key: String,
}

impl Publisher {
    pub(crate) fn new(base: &str, key: &str) -> Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a client of the bench, which talks to this machine alone"
        )]
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, address: format!("{base}/api/v1/events"), key: key.to_owned() })
    }

    /// Publishes the events of these numbers in one request, to the accounts in turn.
    pub(crate) async fn publish(&self, accounts: &[AccountId], numbers: Range<u64>) -> Result<()> {
        let event = |n: u64| {
            let place = usize::try_from(n).unwrap_or_default() % accounts.len();
            let account = accounts.get(place).map(ToString::to_string);
            json!({ "type": TYPE, "account": account, "data": { "n": n, "topic": TOPIC } })
        };
        let events: Vec<_> = numbers.map(event).collect();
        let answer = self.http.post(&self.address).bearer_auth(&self.key).json(&events).send().await?;
        match answer.status().as_u16() {
            202 => {
                answer.bytes().await?;
                Ok(())
            }
            other => Err(format!("publishing answers {other}: {}", answer.text().await?).into()),
        }
    }

    /// Publishes so many events as fast as it goes, in batches of a hundred, four at a time.
    pub(crate) async fn flood(&self, accounts: &[AccountId], count: u64) -> Result<()> {
        const AT_ONCE: u64 = 4;
        let lines = (0..AT_ONCE).map(|line| async move {
            let mut first = line * BATCH;
            while first < count {
                self.publish(accounts, first..count.min(first + BATCH)).await?;
                first += AT_ONCE * BATCH;
            }
            Result::Ok(())
        });
        futures_util::future::try_join_all(lines).await?;
        Ok(())
    }

    /// Publishes so many events a second, in the same batches, whatever the answers take. When each
    /// event was accepted.
    pub(crate) async fn pace(
        &self,
        accounts: &[AccountId],
        per_second: f64,
        duration: Duration,
    ) -> Result<HashMap<u64, Instant>> {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
        let every = Duration::from_secs_f64(BATCH as f64 / per_second.max(1.0));
        let began = Instant::now();
        let mut ticks = tokio::time::interval(every);
        let mut under_way = tokio::task::JoinSet::new();
        let mut first = 0;
        while began.elapsed() < duration {
            ticks.tick().await;
            let (this, accounts, numbers) = (self.clone(), accounts.to_vec(), first..first + BATCH);
            first += BATCH;
            under_way.spawn(async move {
                let published = this.publish(&accounts, numbers.clone()).await;
                published.map(|()| (numbers, Instant::now())).map_err(|error| error.to_string())
            });
        }
        let mut accepted = HashMap::new();
        while let Some(published) = under_way.join_next().await {
            let (numbers, at) = published??;
            accepted.extend(numbers.map(|n| (n, at)));
        }
        Ok(accepted)
    }

    /// How many events a second one publisher gets rid of that waits for each answer.
    pub(crate) async fn in_turn(
        &self,
        accounts: &[AccountId],
        batch: u64,
        duration: Duration,
    ) -> Result<f64> {
        let began = Instant::now();
        let mut first = 0;
        while began.elapsed() < duration {
            self.publish(accounts, first..first + batch).await?;
            first += batch;
        }
        Ok(crate::per_second(first, began.elapsed()))
    }
}
