"""Challengers against the champion: paired statistics, a decision and its report. No Airflow, SQL, Optuna, clock or I/O.

Declaring a rule (:mod:`airflow_hpo.comparison.rule`) and reading a decision load neither NumPy nor pandas; comparing does.
"""
