"""Hooks: the study database behind an Airflow connection."""
