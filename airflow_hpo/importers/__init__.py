"""Readers of what other systems' specifications say, and the DAG that says the same here."""
