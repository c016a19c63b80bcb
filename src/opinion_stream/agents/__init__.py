"""One thin desk per stage, and the runner that takes batches through it."""
