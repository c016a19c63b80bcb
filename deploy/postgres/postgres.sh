#!/usr/bin/env bash
# A real PostgreSQL (one cluster, 127.0.0.1 only) for tests and demonstrations, from Debian's package or one installed.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: postgres.sh get             make sure that PostgreSQL is installed (as root on Debian: apt-get install postgresql)
       postgres.sh start DIR       make a cluster in DIR and start it; prints postgresql://…, the address of its database
       postgres.sh stop DIR        stop the cluster started in DIR; its data stays until DIR is removed
       postgres.sh run CMD [ARG…]  start a cluster, run CMD with OPINION_TEST_POSTGRES=postgresql://…, stop and remove it;
                                   exits with CMD's code

The cluster trusts everybody on this machine: for tests, never for real data. As root it runs as the user postgres,
since PostgreSQL refuses to run as root. OPINION_POSTGRES_BIN names the folder of initdb and pg_ctl where they are
not found. Exit code 3: it cannot be had here (said on stderr).
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing() {
  echo "postgres.sh: $*" >&2
  exit 3
}

# The folder of initdb: named, Debian's newest, or that of the one on the path.
bin() {
  local found
  if [ -n "${OPINION_POSTGRES_BIN:-}" ]; then
    [ -x "$OPINION_POSTGRES_BIN/initdb" ] && echo "$OPINION_POSTGRES_BIN" && return
    missing "OPINION_POSTGRES_BIN=$OPINION_POSTGRES_BIN holds no initdb"
  fi
  found=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || found=$(command -v initdb || true)
  [ -n "$found" ] || return 1
  dirname "$(readlink -f "$found")"
}

get() {
  bin >/dev/null && return
  [ "$(id -u)" -eq 0 ] || missing "PostgreSQL is not installed and only root may install it (Debian: apt-get install postgresql)"
  command -v apt-get >/dev/null || missing "PostgreSQL is not installed and there is no apt-get; install it, or name its folder in OPINION_POSTGRES_BIN"
  echo "postgres.sh: installing Debian's postgresql ..." >&2
  local log
  log=$(mktemp)
  # No cluster of the package's own: ours is made where it is asked for.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } >"$log" 2>&1; then
    tail -n 3 "$log" >&2
    missing "postgresql could not be installed; is there a network? (whole log: $log)"
  fi
  rm -f "$log"
  bin >/dev/null || missing "postgresql was installed, but initdb is not to be found; name its folder in OPINION_POSTGRES_BIN"
}

# As the user who may run PostgreSQL; in a folder that this user may stand in.
as_owner() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
    return
  fi
  id postgres >/dev/null 2>&1 || missing "there is no user postgres to run the cluster as, and PostgreSQL refuses to run as root"
  (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start() {
  local dir port tools
  get
  tools=$(bin)
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$dir"
    as_owner test -w "$dir" || missing "the user postgres cannot reach $dir; name a folder whose parents everybody may enter"
  fi
  port=$(free_port)
  if [ ! -f "$dir/data/PG_VERSION" ]; then
    as_owner "$tools/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 || {
      tail -n 5 "$dir/initdb.log" >&2
      echo "postgres.sh: initdb failed (log: $dir/initdb.log)" >&2
      exit 1
    }
  fi
  # The log is opened by the owner: a folder of root's would refuse it.
  if ! as_owner "$tools/pg_ctl" -D "$dir/data" -l "$dir/postgres.log" -w -t 60 \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' ${OPINION_POSTGRES_OPTIONS:-}" start >/dev/null; then
    tail -n 5 "$dir/postgres.log" >&2
    echo "postgres.sh: PostgreSQL did not start (log: $dir/postgres.log)" >&2
    exit 1
  fi
  echo "postgresql://postgres@127.0.0.1:$port/postgres"
}

stop() {
  [ -f "$1/data/postmaster.pid" ] || return 0
  as_owner "$(bin)/pg_ctl" -D "$1/data" -m fast -w -t 60 stop >/dev/null
}

run() {
  local dir address code=0
  dir=$(mktemp -d)
  chmod 755 "$dir"
  # shellcheck disable=SC2064  # the folder is meant as it is now
  trap "'$here/postgres.sh' stop '$dir'; rm -rf '$dir'" EXIT
  address=$(start "$dir") || exit $?
  echo "postgres.sh: $("$(bin)/postgres" --version) on $address" >&2
  OPINION_TEST_POSTGRES=$address "$@" || code=$?
  exit "$code"
}

case "${1:-}" in
get) get ;;
start) [ $# -eq 2 ] || { usage >&2; exit 2; }; start "$2" ;;
stop) [ $# -eq 2 ] || { usage >&2; exit 2; }; stop "$2" ;;
run) shift; [ $# -gt 0 ] || { usage >&2; exit 2; }; run "$@" ;;
-h | --help) usage ;;
*) usage >&2; exit 2 ;;
esac
