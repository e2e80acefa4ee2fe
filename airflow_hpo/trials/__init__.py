"""Trials: claimed by a task, run in attempts, concluded. Knows no Airflow."""
