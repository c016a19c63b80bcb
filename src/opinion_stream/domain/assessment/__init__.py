"""研判 of mentions: stateless, batch-wise. `Assessor` in `pipeline` is the way in."""
