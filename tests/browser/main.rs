//! Flows in headless Chromium.

#[path = "../support/browser.rs"]
mod browser;
#[path = "../support/mod.rs"]
mod support;

mod accessibility;
mod build_app;
mod build_clients;
mod checks;
mod consent;
mod console;
mod deliveries;
mod harness;
mod icon;
mod keyboard;
mod members;
mod pages;
mod person;
mod screenshots;
mod scripts;
mod secrets;
mod two_step;
mod xss;
