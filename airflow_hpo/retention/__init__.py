"""Retention: which trials of old editions may go, their archive, and their deletion."""
