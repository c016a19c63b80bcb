#!/usr/bin/env bash
# Checks what is deployed by its own validators: compose files, Kubernetes manifests, image recipe, systemd units.
# Each check that lacks its tool is named and left out, but in CI that is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=${BIN:-.venv/bin}
compose_go=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
code=0

lacks() {
  echo "deploy/check.sh: $1 is missing, $2 not checked" >&2
  [ -z "${CI:-}" ] || code=1
}

if command -v go >/dev/null; then
  for file in deploy/compose.yml deploy/kafka/compose.yml; do
    (cd "$(dirname "$file")" && go run "$compose_go" -no-interpolation "$(basename "$file")" >/dev/null) || code=1
    echo "checked $file"
  done
else
  lacks go "the compose files are"
fi

if command -v kubectl >/dev/null; then
  kubectl kustomize deploy/kubernetes | "$bin/kubernetes-validate" --strict --quiet --no-warn /dev/stdin || code=1
  echo "checked deploy/kubernetes, put together by kustomize"
else
  for file in deploy/kubernetes/*.yaml; do
    case $file in */kustomization.yaml | */scaling.yaml) continue ;; esac
    "$bin/kubernetes-validate" --strict --quiet --no-warn "$file" || code=1
  done
  echo "checked deploy/kubernetes, file by file (kubectl is missing)"
fi

"$bin/hadolint" deploy/image/Dockerfile && echo "checked deploy/image/Dockerfile" || code=1

if command -v systemd-analyze >/dev/null; then
  units=$(mktemp -d)
  trap 'rm -rf "$units"' EXIT
  for unit in deploy/systemd/*.service; do
    # The program is not installed where this runs.
    sed 's#/opt/opinion-stream/bin/opinion-stream#/bin/true#' "$unit" >"$units/$(basename "$unit")"
  done
  # An instance with a drop-in of its own is checked as that instance.
  for drop in deploy/systemd/*.service.d; do
    instance=$(basename "$drop" .d)
    cp "$units/${instance%%@*}@.service" "$units/$instance"
    mkdir "$units/$instance.d"
    for conf in "$drop"/*.conf; do
      sed 's#/opt/opinion-stream/bin/opinion-stream#/bin/true#' "$conf" >"$units/$instance.d/$(basename "$conf")"
    done
  done
  systemd-analyze verify --man=no "$units"/*.service || code=1
  echo "checked deploy/systemd"
else
  lacks systemd-analyze "the units are"
fi
exit "$code"
