"""Trials that do nothing, without a worker. A DAG of airflow."""

from bench_pods import COUNT, NOTHING, SLOTS, tune

tune("trials_in_triggerer", COUNT, SLOTS, NOTHING, run_in="triggerer")
