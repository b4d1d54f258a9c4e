//! The pages, each in a file named after it: its struct, its form, its handlers.

pub mod account;
pub mod accounts_new;
pub mod admin;
pub mod apps;
pub mod confirm;
pub mod docs;
pub mod errors;
pub mod invitation;
pub mod landing;
pub mod oauth;
pub mod password;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_up;
pub mod verify_email;

#[cfg(test)]
mod tests;
