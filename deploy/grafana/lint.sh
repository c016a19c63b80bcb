#!/usr/bin/env bash
# Lints the dashboards with grafana/dashboard-linter, strictly; what it passes over stands in dashboards/.lint.
# DASHBOARD_LINTER names a linter that is already built; else Go fetches the version below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# The last version without a dependency on Grafana's own source tree: minutes less to build, the same rules.
version=v0.1.1

if [ -n "${DASHBOARD_LINTER:-}" ]; then
  linter=("$DASHBOARD_LINTER")
elif command -v go >/dev/null; then
  bin=$(mktemp -d)
  trap 'rm -rf "$bin"' EXIT
  if ! GOBIN=$bin go install "github.com/grafana/dashboard-linter@$version"; then
    echo "lint.sh: the linter could not be fetched; name a built one in DASHBOARD_LINTER" >&2
    [ -z "${CI:-}" ] && exit 0 || exit 1
  fi
  linter=("$bin/dashboard-linter")
else
  echo "lint.sh: go is missing, the dashboards are not linted (or name a built linter in DASHBOARD_LINTER)" >&2
  [ -z "${CI:-}" ] && exit 0 || exit 1
fi

code=0
for file in dashboards/*.json; do
  if found=$("${linter[@]}" lint --strict "$file" 2>&1); then
    echo "linted deploy/grafana/$file"
  else
    code=1
    printf '%s\n' "$found" | grep -E '❌|⚠|rror' >&2 || printf '%s\n' "$found" >&2
  fi
done
exit "$code"
