"""What is done with parameter sets: promote, set, roll back, look back, mirror."""
