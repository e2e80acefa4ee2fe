"""Trials of 1 to 10 seconds, without a worker. A DAG of airflow."""

from bench_pods import SLEEP, UNEVEN, tune

tune("uneven_in_triggerer", UNEVEN, 5, SLEEP, run_in="triggerer")
