//! The Build App flow and what an app's developers see of it, in the order of the flow.

pub(crate) mod frame;
pub(crate) mod tile;
