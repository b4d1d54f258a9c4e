# A PostgreSQL server for scripts, where the machine's is left alone; `source` it after `debian.sh`.
# Whoever starts it sets `trap clean_up EXIT`.
# shellcheck shell=bash

# A server of our own in a temporary folder, or in one made beneath $1, on a free port of the
# loopback; the machine's is left alone. PostgreSQL refuses to run as root, so root lends it to the
# user `postgres`.
start_postgres() {
  local password port log
  folder=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/portico-test.$$.XXXXXX")
  chmod 711 "$folder" # for the user `postgres` to reach its own
  log=$folder/data/server.log
  mkdir "$folder/data"
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" >"$folder/password"
  if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder/data" "$folder/password"; fi
  # Order text by language, as most servers do: SQLite orders it by bytes, so a statement whose
  # answer leans on the order of text shows itself.
  as_postgres initdb --pgdata="$folder/data" --username=portico --pwfile="$folder/password" \
    --auth=password --encoding=UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en \
    --no-sync >"$folder/initdb.log" || fail "initdb failed: $(cat "$folder/initdb.log")"
  # A port is free until somebody takes it, hence the tries.
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    if as_postgres pg_ctl start --pgdata="$folder/data" --wait --silent --log="$log" \
      --options="-p $port $settings" </dev/null >/dev/null 2>&1; then
      export PORTICO_TEST_POSTGRES="postgres://portico:$password@127.0.0.1:$port/postgres"
      say "PostgreSQL $(cut -d. -f1 "$folder/data/PG_VERSION") listens on port $port"
      return
    fi
  done
  fail "PostgreSQL does not start: $(tail -n 5 "$log")"
}

# Nothing here has to survive a crash. check_both_databases reads the log of connections.
settings="-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 \
-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c log_connections=on"

# Where a thousand small databases come and go, each of a thousand files: in memory, if there is
# enough of it, since a disk's file system takes longer over these files than PostgreSQL does.
quick_folder() {
  local memory=/dev/shm enough_kib=$((4 * 1024 * 1024)) free_kib
  free_kib=$(df --output=avail --block-size=1K "$memory" 2>/dev/null | tail -n 1)
  if [ -w "$memory" ] && [ "${free_kib:-0}" -ge "$enough_kib" ]; then
    echo "$memory"
  else
    echo "${TMPDIR:-/tmp}"
  fi
}

# Servers and folders of runs that were killed before they could clean up.
remove_leftovers() {
  local left pid
  for left in "${TMPDIR:-/tmp}"/portico-test.* /dev/shm/portico-test.*; do
    [ -O "$left" ] || continue
    pid=${left##*/portico-test.}
    if ! kill -0 "${pid%%.*}" 2>/dev/null; then stop_and_remove "$left"; fi
  done
}

clean_up() {
  allow_services
  if [ -n "${folder:-}" ]; then stop_and_remove "$folder"; fi
}

stop_and_remove() {
  as_postgres pg_ctl stop --pgdata="$1/data" --mode=immediate --silent >/dev/null 2>&1 || true
  rm -rf "$1"
}

# The folder of the newest PostgreSQL server here: Debian keeps its commands off the path.
postgres_bin() {
  local initdb
  initdb=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  if [ -x "$initdb" ]; then dirname "$initdb"; fi
}

as_postgres() {
  local command
  command=$(postgres_bin)/$1
  shift
  # From the root folder, since the user `postgres` may not be let into this one.
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && runuser -u postgres -- "$command" "$@")
  else
    "$command" "$@"
  fi
}
