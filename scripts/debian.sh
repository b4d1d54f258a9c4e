# What scripts that install packages of Debian share; `source` it after `set -euo pipefail`.
# shellcheck shell=bash

# Debian's packages, if any are named.
install_from_debian() {
  [ $# -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "missing, and this is not Debian: $*"
  say "installing $*"
  forbid_services
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
    install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
  allow_services
}

# Debian starts a server as soon as it is installed, and nginx and Caddy would both take port 80;
# a policy keeps it from that (invoke-rc.d(8)). The machine's own policy is left alone.
policy=/usr/sbin/policy-rc.d
forbid_services() {
  if [ -e $policy ]; then return; fi
  printf '#!/bin/sh\n# by scripts of Portico\nexit 101\n' | as_root tee $policy >/dev/null
  as_root chmod 755 $policy
}

allow_services() {
  if grep -qs 'by scripts of Portico' $policy; then as_root rm -f $policy; fi
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "root or sudo is needed to install packages"
  fi
}

say() {
  echo "$script: $*"
}

fail() {
  echo "$script: $*" >&2
  exit 1
}

script=scripts/$(basename "$0")
