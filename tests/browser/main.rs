//! Flows in headless Chromium.

#[path = "../support/browser.rs"]
mod browser;

mod harness;
mod screenshots;
