//! What is sent to endpoints, over TLS to real receivers on this machine, by names of a real
//! name server.

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/receiver.rs"]
mod receiver;

mod answers;
mod blocked;
mod hostile;
mod hostile_peer;
mod kept;
mod name_server;
mod names;
mod sender;
mod tls;
