//! The portal served as it is in earnest, from this process.

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use portico::{
    actions::Context,
    web::{Server, Settings},
};

/// A portal that stops when it is dropped.
pub struct Site {
    pub url: String,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// An address that nobody listens on.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

impl Site {
    /// Serves at an address that the context's public URL names.
    pub fn serve(ctx: Context, listen: SocketAddr) -> Self {
        let url = format!("http://{listen}");
        let settings =
            Settings { public_url: ctx.policy.public_url.clone(), https: false, trusted_proxies: Vec::new() };
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
