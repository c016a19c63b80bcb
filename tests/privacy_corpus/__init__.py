"""A corpus of made-up personal data in made-up texts: what must be masked, and what must not."""
