#!/bin/sh
# Run once by the image of PostgreSQL when it makes its database: the role that Grafana reads with.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v owner="$POSTGRES_USER" -v reader=grafana \
  -v password="$(cat /run/secrets/grafana-reader-password)" -f /opt/opinion/reader.sql
