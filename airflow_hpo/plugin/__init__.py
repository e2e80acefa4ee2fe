"""Airflow plugin: macros, and a listener that does nothing until an option switches it on."""
