//! The Build App flow and what an app's developers see of it, in the order of the flow.

pub(crate) mod frame;
pub(crate) mod rotation;
pub(crate) mod tile;

pub(crate) mod deliveries;
pub(crate) mod delivery;
pub(crate) mod manage;
pub(crate) mod new;
pub(crate) mod overview;
pub(crate) mod refusals;

pub(crate) mod activation;
pub(crate) mod client;
pub(crate) mod credentials;
pub(crate) mod features;
pub(crate) mod information;
pub(crate) mod scopes;
pub(crate) mod subscription;
