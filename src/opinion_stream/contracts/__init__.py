"""Contracts: what stands on each topic, told to outside bodies as JSON Schema and AsyncAPI, and kept compatible."""
