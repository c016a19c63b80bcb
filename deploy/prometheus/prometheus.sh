#!/usr/bin/env bash
# Prometheus and Alertmanager from the Debian packages: checks, and a server for tests. No root is needed, nothing is
# installed and no service started: the packages are unpacked into a folder.
#   prometheus.sh get            print the folder of promtool, amtool and prometheus (downloads them at first)
#   prometheus.sh check          check the configuration, rules, their tests, and metrics given in METRICS (files)
#   prometheus.sh start DIR [CONFIG]   start a Prometheus with its data in DIR; prints its address
#   prometheus.sh stop DIR
# Exits 3 where the tools are missing and cannot be had.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${OPINION_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/opinion-stream}/prometheus

get() {
  if command -v promtool >/dev/null && command -v amtool >/dev/null && command -v prometheus >/dev/null; then
    dirname "$(command -v promtool)"
    return
  fi
  if [ ! -x "$cache/usr/bin/promtool" ] || [ ! -x "$cache/usr/bin/amtool" ]; then
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
      echo "prometheus.sh: promtool and amtool are not on PATH, and this is not Debian: install prometheus and alertmanager" >&2
      exit 3
    fi
    local work
    work=$(mktemp -d)
    chmod 755 "$work"
    if ! (cd "$work" && apt-get download prometheus prometheus-alertmanager) >&2; then
      echo "prometheus.sh: the Debian packages cannot be downloaded; try 'apt-get update' as root first" >&2
      rm -rf "$work"
      exit 3
    fi
    mkdir -p "$cache"
    for package in "$work"/*.deb; do dpkg -x "$package" "$cache"; done
    rm -rf "$work"
  fi
  echo "$cache/usr/bin"
}

check() {
  local bin
  bin=$(get)
  "$bin/promtool" check config --syntax-only "$here/prometheus.yml"
  "$bin/promtool" check rules "$here"/rules/*.yml
  "$bin/amtool" check-config "$here/alertmanager.yml"
  "$bin/promtool" test rules "$here"/tests/*.yml
  for file in ${METRICS:-}; do
    "$bin/promtool" check metrics <"$file"
    echo "checked $file"
  done
}

start() {
  local bin dir=$1 port
  bin=$(get)
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  port=${PROMETHEUS_PORT:-9090}
  "$bin/prometheus" --config.file="${2:-$here/prometheus.yml}" --storage.tsdb.path="$dir/data" \
    --web.listen-address="127.0.0.1:$port" --storage.tsdb.retention.time=40d >"$dir/prometheus.log" 2>&1 &
  echo $! >"$dir/pid"
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "http://127.0.0.1:$port"
      return
    fi
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || { cat "$dir/prometheus.log" >&2; exit 1; }
    sleep 0.2
  done
  echo "prometheus.sh: no answer on port $port, see $dir/prometheus.log" >&2
  exit 1
}

stop() {
  if [ -f "$1/pid" ]; then
    kill "$(cat "$1/pid")" 2>/dev/null || true
    rm -f "$1/pid"
  fi
}

case ${1:-} in
  get) get ;;
  check) check ;;
  start) start "${2:?DIR}" "${3:-}" ;;
  stop) stop "${2:?DIR}" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
