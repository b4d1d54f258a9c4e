//! The least that deliveries cost: the same client posts the same signed messages in a loop, and
//! stores nothing.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use portico::{
    crypto, delivery,
    domain::{
        address::AllowedNets,
        credential::SigningSecret,
        delivery::signature::SigningKey,
        id::{DeliveryId, Id as _},
        url::EndpointUrl,
    },
    outbound::{Outbound, Patience, Post, Settings},
};
use tokio::task::JoinSet;

use crate::{AT_ONCE, Result, now, publisher};

/// Posts for a while, with as many at once as the worker has at most; prints posts per second.
pub(crate) fn post(url: &str, authority: &str, duration: Duration) -> Result<()> {
    let extra_roots = Some(fs::read(authority)?);
    let allowed = AllowedNets::new(vec!["127.0.0.0/8".parse()?]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let posted = runtime.block_on(async {
        let outbound = Outbound::new(Settings { allowed, extra_roots, ..Settings::default() })?;
        let posted = Arc::<AtomicU64>::default();
        let began = Instant::now();
        let mut loops = JoinSet::new();
        for _ in 0..AT_ONCE {
            let url: EndpointUrl = url.parse().map_err(|_| "not the URL of an endpoint")?;
            loops.spawn(again_and_again(outbound.clone(), url, began + duration, Arc::clone(&posted)));
        }
        while let Some(ended) = loops.join_next().await {
            ended??;
        }
        Result::Ok(posted.load(Ordering::Relaxed))
    })?;
    #[expect(clippy::print_stdout, reason = "the parent process reads it")]
    {
        println!("{}", per_second(posted, duration));
    }
    Ok(())
}

async fn again_and_again(
    outbound: Outbound,
    url: EndpointUrl,
    until: Instant,
    posted: Arc<AtomicU64>,
) -> std::result::Result<(), String> {
    let secret = SigningSecret::from_random(crypto::random());
    let keys = [SigningKey::of(&secret).ok_or("a secret that does not sign")?];
    while Instant::now() < until {
        let body = Bytes::from(publisher::message());
        let at = now();
        let id = DeliveryId::generate(at, crypto::random());
        let headers = delivery::headers(id, &keys, at, &body);
        let post =
            Post { url: &url, headers, body, excerpt_bytes: 4_096, patience: Patience::Whole, now: at };
        match outbound.post(post).await.result {
            Ok(answer) if answer.status == 204 => posted.fetch_add(1, Ordering::Relaxed),
            Ok(answer) => return Err(format!("{} instead of 204", answer.status)),
            Err(failed) => return Err(format!("{failed:?}")),
        };
    }
    Ok(())
}

pub(crate) fn per_second(count: u64, duration: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    let count = count as f64;
    count / duration.as_secs_f64()
}
