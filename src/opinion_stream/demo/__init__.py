"""The whole road on one machine: broker, workers, a scenario driven through in simulated time, and its summary."""
