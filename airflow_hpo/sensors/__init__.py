"""Sensors for studies."""
