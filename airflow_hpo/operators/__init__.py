"""Operators that start, suggest, run and finish a study's trials."""
