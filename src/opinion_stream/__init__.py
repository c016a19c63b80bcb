"""opinion-stream: from what people say in public to an answer given in public and in time."""

__version__ = "0.1.0"
