"""The trained category model: arrays in, arrays out. Files are the business of `adapters/model_store.py`."""
