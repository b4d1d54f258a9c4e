//! A peer that says whatever it was told to, HTTP or not.

use std::{net::SocketAddr, sync::mpsc, thread, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::certificates::{Authority, Identity, acceptor};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    /// Again and again, as fast as it is taken, without end.
    Flood(Vec<u8>),
    /// A byte every few milliseconds.
    Drip(Vec<u8>),
    /// Says nothing more and stays.
    Hang,
    /// Ends the connection with an RST, once what was sent has had time to be read: it takes away what
    /// was not.
    Reset,
}

/// Accepts over TLS with HTTP/1.1, reads the head of each request and says the steps. After the
/// last it closes.
pub(crate) struct Peer {
    address: SocketAddr,
    pub(crate) authority_pem: String,
    /// Ends it when dropped.
    _stop: oneshot::Sender<()>,
}

impl Peer {
    pub(crate) fn over_tls(steps: Vec<Step>) -> Self {
        let authority = Authority::new();
        let identity = authority.good();
        Self::start(steps, Some(identity), authority.pem)
    }

    pub(crate) fn without_tls(steps: Vec<Step>) -> Self {
        Self::start(steps, None, String::new())
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/", self.address)
    }

    fn start(steps: Vec<Step>, identity: Option<Identity>, authority_pem: String) -> Self {
        let acceptor = identity.map(|identity| acceptor(identity, &["http/1.1"]));
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                tell.send(listener.local_addr().expect("an address")).expect("the test waits");
                let accept = async {
                    while let Ok((tcp, _)) = listener.accept().await {
                        let (acceptor, steps) = (acceptor.clone(), steps.clone());
                        tokio::spawn(async move {
                            match acceptor {
                                Some(acceptor) => {
                                    let Ok(tls) = acceptor.accept(tcp).await else { return };
                                    say(tls, &steps, |tls| tls.get_ref().0).await;
                                }
                                None => say(tcp, &steps, |tcp| tcp).await,
                            }
                        });
                    }
                };
                tokio::select! { () = accept => {} _ = stopped => {} }
            });
        });
        Self { address: told.recv().expect("it starts"), authority_pem, _stop: stop }
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    steps: &[Step],
    tcp: impl Fn(&S) -> &TcpStream,
) {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut buffer = [0; 4_096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => read.extend(&buffer[..length]),
        }
        // Who speaks no TLS is greeted with it, which has no such end.
        if read.first() == Some(&22) {
            break;
        }
    }
    for step in steps {
        // The other side may have had enough at any time.
        let done = match step {
            Step::Send(bytes) => stream.write_all(bytes).await,
            Step::Flood(bytes) => loop {
                if let Err(error) = stream.write_all(bytes).await {
                    break Err(error);
                }
            },
            Step::Drip(bytes) => drip(&mut stream, bytes).await,
            Step::Hang => std::future::pending().await,
            Step::Reset => {
                tokio::time::sleep(Duration::from_millis(300)).await;
                let _ = tcp(&stream).set_zero_linger();
                return;
            }
        };
        if done.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

async fn drip(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
