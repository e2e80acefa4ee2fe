"""Evaluations of candidates: planned, run as trials, compared. Knows no Airflow."""
