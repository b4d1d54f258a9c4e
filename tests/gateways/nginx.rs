//! nginx of Debian with `docs/gateways/nginx.conf`.

use std::{path::Path, process::Command};

use crate::gateway::Program;

pub(crate) const NGINX: Program = Program { file: "docs/gateways/nginx.conf", whole, command };

fn whole(site: &str, folder: &Path) -> String {
    let at = folder.display();
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
