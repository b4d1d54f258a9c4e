//! When a server is ready to be measured.

use std::{
    io::{BufRead as _, BufReader},
    process::Child,
    thread,
};

use serde_json::Value;

use crate::Result;

/// Waits until `portico serve`, whose log is JSON on a pipe, has read all accounts: that would
/// disturb what is measured.
pub(crate) fn wait(child: &mut Child) -> Result<()> {
    let mut lines = BufReader::new(child.stderr.take().ok_or("no log")?).lines();
    loop {
        let line = lines.next().ok_or("portico serve ended")??;
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        match said["message"].as_str() {
            Some("the directory is filled") => break,
            Some("the directory could not be filled") => return Err(line.into()),
            Some(_) | None => {}
        }
    }
    // Read on, so that a full pipe never stops it.
    thread::spawn(move || lines.for_each(drop));
    Ok(())
}
