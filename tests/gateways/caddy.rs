//! Caddy of Debian with `docs/gateways/Caddyfile`.

use std::{path::Path, process::Command};

use crate::gateway::Program;

pub(crate) const CADDY: Program = Program {
    file: "docs/gateways/Caddyfile",
    whole,
    command,
    in_front_of: None,
    preflights: Some(("caddyfile", "\t\t# A client's own copies go first")),
    tells_what_is_left: false,
};

/// Without the address by which a running Caddy is changed, which all would share.
fn whole(site: &str, _folder: &Path) -> String {
    format!("{{\n\tadmin off\n\tauto_https off\n\tlog {{\n\t\tlevel ERROR\n\t}}\n}}\n{site}")
}

fn command(configuration: &Path, folder: &Path) -> Command {
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(configuration);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}
