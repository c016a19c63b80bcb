"""The edges: broker, files, clock, processes; everything that is not plain data."""
