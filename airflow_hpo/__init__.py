"""Hyperparameter optimisation in Apache Airflow: tune, compare with production, decide, promote, roll back, repeat."""

__version__ = "0.1.0"
