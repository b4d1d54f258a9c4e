//! The portal served as it is in earnest, from this process.

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use ipnet::IpNet;
use portico::{
    actions::{Context, Policy, outbox},
    mail::Mailer,
    web::{Server, Settings},
};
use tempfile::TempDir;

use super::{
    client::Client,
    databases::Kind,
    world::{self, PASSWORD, Person, World},
};

/// A world with its portal, and a letter box for its mail.
pub struct Portal {
    pub world: World,
    pub site: Site,
    letters: TempDir,
}

/// A mail that was sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Headers and text as they went out.
    pub whole: String,
}

impl Portal {
    pub async fn new(kind: Kind) -> Self {
        Self::under(kind, world::policy()).await
    }

    /// A portal whose operator has decided otherwise. The public URL is the test's own.
    pub async fn under(kind: Kind, policy: Policy) -> Self {
        Self::with(kind, policy, |_| {}).await
    }

    /// A portal whose context differs from that of others.
    pub async fn with(kind: Kind, policy: Policy, change: impl FnOnce(&mut Context)) -> Self {
        let listen = free_address();
        let url = format!("http://{listen}");
        let mut world = World::under(kind, Policy { public_url: url.clone(), audience: url, ..policy }).await;
        change(&mut world.ctx);
        let site = Site::serve(world.ctx.clone(), listen);
        Self { world, site, letters: tempfile::tempdir().expect("a folder") }
    }

    /// A portal behind a proxy: what browsers come by, and whose `X-Forwarded-For` is believed.
    pub async fn behind(kind: Kind, https: bool, trusted_proxies: &[&str]) -> Self {
        let listen = free_address();
        let scheme = if https { "https" } else { "http" };
        let public_url = format!("{scheme}://portal.example");
        let audience = public_url.clone();
        let world = World::under(kind, Policy { public_url, audience, ..world::policy() }).await;
        let trusted = trusted_proxies.iter().map(|net| net.parse().expect("a network")).collect();
        let site = Site::behind(world.ctx.clone(), listen, https, trusted);
        Self { world, site, letters: tempfile::tempdir().expect("a folder") }
    }

    /// Somebody who has not been here before.
    pub fn client(&self) -> Client {
        Client::new(&self.site.url)
    }

    /// A browser in which the person is signed in.
    pub async fn signed_in(&self, person: &Person) -> Client {
        let client = self.client();
        let fields = [("email", person.email.as_str()), ("password", PASSWORD)];
        let page = client.fill("/sign-in", "/sign-in", &fields).await;
        assert_eq!(page.location(), "/apps");
        client
    }

    /// Sends what waits, and gives what was sent now, the oldest first.
    pub async fn letters(&self) -> Vec<Letter> {
        let folder = self.letters.path();
        for entry in std::fs::read_dir(folder).expect("the letter box") {
            std::fs::remove_file(entry.expect("a letter").path()).expect("it is taken out");
        }
        let mailer = Mailer::file("Portico", "no-reply@portico.example", folder.to_owned());
        outbox::send_due(&self.world.ctx, &mailer.expect("a mailer")).await.expect("mail is sent");
        let entries = std::fs::read_dir(folder).expect("the letter box");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a letter").path()).collect();
        paths.sort();
        let read = |path| std::fs::read_to_string(path).expect("a letter is text");
        paths.into_iter().map(|path| Letter { whole: read(path) }).collect()
    }
}

impl Letter {
    /// The path and query of the one link of this portal in it.
    pub fn link(&self, portal: &Portal) -> String {
        let at = self.whole.find(&portal.site.url).unwrap_or_else(|| panic!("no link in {}", self.whole));
        let rest = self.whole.get(at + portal.site.url.len()..).unwrap_or_default();
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

/// A portal that stops when it is dropped.
pub struct Site {
    pub url: String,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// An address that nobody listens on, given out once. Its port lies below those that the
/// system takes for outgoing connections (from 32768 on Linux): one of these could else take
/// it before the server does.
pub fn free_address() -> SocketAddr {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Runs at the same time begin in different places.
    let first = std::process::id().wrapping_mul(997);
    loop {
        let next = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % 10_000;
        let port = 10_000 + u16::try_from(next).expect("less than 10,000");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

impl Site {
    /// Serves at an address that the context's public URL names.
    pub fn serve(ctx: Context, listen: SocketAddr) -> Self {
        Self::behind(ctx, listen, false, Vec::new())
    }

    /// Serves at an address that a proxy passes requests on to.
    pub fn behind(ctx: Context, listen: SocketAddr, https: bool, trusted_proxies: Vec<IpNet>) -> Self {
        let url = format!("http://{listen}");
        let settings = Settings { public_url: ctx.policy.public_url.clone(), https, trusted_proxies };
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = Server::bind(ctx, settings, listen, 2).expect("the address is free");
                tell.send(server.handle()).expect("the test waits");
                server.run().await.expect("the server runs");
            });
        });
        let handle = told.recv().expect("the server starts");
        Self { url, handle, thread: Some(thread) }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Sent at once; the future only waits for the end.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
