//! Flows in headless Chromium.

#[path = "../support/browser.rs"]
mod browser;
#[path = "../support/mod.rs"]
mod support;

mod build_app;
mod harness;
mod icon;
mod person;
mod screenshots;
mod secrets;
