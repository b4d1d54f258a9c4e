//! What people and programs reach over HTTP.

pub mod assets;
pub mod page;
pub mod pages;
