"""Manifests that follow from the registry: what an orchestrator must run and what a Kafka operator must provide."""
