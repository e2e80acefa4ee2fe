"""Waiting for studies."""
