"""The fault suite: a real Kafka, all workers, faults at random, and a checker that believes nobody. See `__main__`."""
