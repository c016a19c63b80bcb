"""The Grafana dashboards as code. For those who change them: no service imports this package at run time."""
