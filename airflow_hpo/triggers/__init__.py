"""Waiting for studies without a worker."""
