"""Measurements: what the provider costs, and how well it searches."""
