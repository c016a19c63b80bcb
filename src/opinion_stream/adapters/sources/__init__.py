"""Connectors: each reads one kind of source page by page; the collector sends what they read to the broker."""
