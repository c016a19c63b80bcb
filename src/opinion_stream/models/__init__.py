"""What travels on the topics: frozen pydantic models, no behaviour beyond validation."""
