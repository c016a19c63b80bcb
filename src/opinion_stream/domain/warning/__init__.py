"""Early warning (预警): bursts against the usual level, and incidents that grow before they are graded high."""
