//! A connection to an endpoint, and what is known of it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::tls::Use;
use crate::domain::delivery::timing::Timing;

/// How a connection came about. Clones are about the same one.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    timing: Timing,
    is_told: Arc<AtomicBool>,
}

impl Opened {
    pub(super) fn new(timing: Timing) -> Self {
        Self { timing, is_told: Arc::default() }
    }

    /// How long it took to make it, for the first who asks: later attempts found it made.
    pub(super) fn for_the_first(&self) -> Option<Timing> {
        (!self.is_told.swap(true, Ordering::Relaxed)).then_some(self.timing)
    }
}

/// How many connections are open that are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Kept);

impl Kept {
    /// A place among `most`, if one is free.
    pub(super) fn place(&self, most: usize) -> Option<Place> {
        let place = Place(self.clone());
        (self.0.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct Stream {
    io: TokioIo<TlsStream<TcpStream>>,
    opened: Opened,
    /// None: it is closed after one use.
    place: Option<Place>,
}

impl Stream {
    pub(super) fn new(io: TlsStream<TcpStream>, opened: Opened, place: Option<Place>) -> Self {
        Self { io: TokioIo::new(io), opened, place }
    }

    pub(super) const fn made_for(place: Option<&Place>) -> Use {
        match place {
            Some(_) => Use::Again,
            None => Use::Once,
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.opened.clone());
        if self.place.is_none() {
            connected.poison();
        }
        match self.io.inner().get_ref().1.alpn_protocol() {
            Some(b"h2") => connected.negotiated_h2(),
            Some(_) | None => connected,
        }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}
