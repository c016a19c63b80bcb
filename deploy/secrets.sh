#!/usr/bin/env bash
# Makes every secret of the compose installation below deploy/secrets (git ignores it), once: what is there stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=$(realpath "${PYTHON:-.venv/bin/python}" 2>/dev/null || true)
[ -x "$python" ] || { echo "secrets.sh: .venv is missing; run \`make setup\` first" >&2; exit 3; }
umask 077
mkdir -p deploy/secrets
cd deploy/secrets

secret() { [ -s "$1" ] || "$python" -c 'import secrets; print(secrets.token_hex(24), end="")' >"$1"; }

[ -s broker.pem ] || "$python" ../kafka/certificates.py . kafka1 kafka2 kafka3 localhost 127.0.0.1
for name in pseudonym-key metrics-token postgres-password grafana-password grafana-reader-password; do secret "$name"; done
printf 'postgresql://ledger:%s@postgres:5432/opinion' "$(cat postgres-password)" >ledger-url
# One client of the intake for a start: its token, and the file of hashes that the intake knows. Add others by hand.
if ! grep -q '^clients:' intake-tokens 2>/dev/null; then
  printf 'osi_%s' "$("$python" -c 'import secrets; print(secrets.token_urlsafe(32), end="")')" >intake-token
  printf 'clients:\n  - {name: local, sha256: %s, sources: [hotline, wenzheng]}\n' "$(sha256sum intake-token | cut -d ' ' -f 1)" >intake-tokens
fi
: >kafka-users.new
for service in admin collection assessment incidents reporting response collect intake notify publish ledger desk upstream; do
  secret "kafka-$service"
  [ "$service" = admin ] && user=admin || user="opinion-$service"
  printf '%s:%s\n' "$user" "$(cat "kafka-$service")" >>kafka-users.new
done
mv kafka-users.new kafka-users
[ -s ../.env ] || printf 'OPINION_CLUSTER_ID=%s\n' "$("$python" -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("="))')" >../.env
# The containers run as users of their own, and the folder alone keeps others out.
chmod 700 . && chmod 644 ./*
echo "deploy/secrets is ready: $(find . -type f | wc -l) files"
