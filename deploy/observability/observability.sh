#!/usr/bin/env bash
# What the dashboards ask, asked of real servers; then their pictures. Debian packages are installed where they are missing
# and this is root; Prometheus is unpacked for itself (deploy/prometheus/prometheus.sh).
# Exit code 3: a server cannot be had here, which is an error in CI alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${PYTHON:-.venv/bin/python}

if ! fc-list ':lang=zh' 2>/dev/null | grep -q . && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "observability.sh: installing Debian's fonts-wqy-microhei for the pictures ..." >&2
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends fontconfig fonts-wqy-microhei; } >/dev/null 2>&1 ||
    echo "observability.sh: the font could not be installed" >&2
fi

code=0
"$python" deploy/observability/prove.py "$@" || code=$?
if [ "$code" -eq 3 ] && [ -z "${CI:-}" ]; then
  echo "observability: skipped, see the line above" >&2
  exit 0
fi
[ "$code" -eq 0 ] || exit "$code"
"$python" deploy/observability/pictures.py || code=$?
[ "$code" -eq 3 ] && [ -z "${CI:-}" ] && exit 0
exit "$code"
