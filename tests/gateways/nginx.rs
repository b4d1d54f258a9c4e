//! nginx of Debian with `docs/gateways/nginx`, as the README shows it.

use std::{path::Path, process::Command};

use crate::gateway::Program;

pub(crate) const NGINX: Program = Program {
    file: "docs/gateways/nginx/api.conf",
    whole,
    command,
    preflights: ("nginx", "        include /etc/nginx/portico/guard.conf;"),
    tells_what_is_left: true,
};

fn whole(site: &str, folder: &Path) -> String {
    let at = folder.display();
    let included = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/gateways/nginx/");
    let site = site.replace("/etc/nginx/portico/", included);
    format!(
        "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
         events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {at}/body; proxy_temp_path {at}/proxy;\n\
         fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n{site}\n}}\n"
    )
}

fn command(configuration: &Path, folder: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-c").arg(configuration).arg("-p").arg(folder);
    command
}

#[test]
fn the_readme_shows_what_is_tested_in_under_fifteen_lines() {
    let shown = std::fs::read_to_string(NGINX.file).expect("the documented configuration");
    let readme = std::fs::read_to_string("README.md").expect("the README");
    assert!(readme.contains(&format!("```nginx\n{shown}```")));
    assert!(shown.lines().count() < 15);
}
