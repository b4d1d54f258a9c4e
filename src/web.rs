//! The pages and the HTTP API: what comes in is parsed here, what goes out is drawn here.

mod api;
pub mod assets;
pub(crate) mod audit;
pub mod chart;
mod cookies;
mod endpoint;
mod error;
mod extract;
mod flash;
mod middleware;
mod monitoring;
mod next;
pub mod page;
pub mod pages;
mod paging;
mod proof;
mod qr;
mod respond;
pub mod routes;
mod server;

pub use monitoring::MetricsServer;
pub use server::{Server, Settings};
