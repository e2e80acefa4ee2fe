"""Parameter sets: promote, set, roll back, read, mirror."""
