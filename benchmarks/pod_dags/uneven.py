"""Trials of 1 to 10 seconds. A DAG of airflow."""

from bench_pods import SLEEP, UNEVEN, tune

tune("uneven", UNEVEN, 5, SLEEP)
