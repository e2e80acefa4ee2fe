"""One pod from its creation to its end: state, log, metrics."""
