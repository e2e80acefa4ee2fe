"""Trials that do nothing. A DAG of airflow."""

from bench_pods import COUNT, NOTHING, SLOTS, tune

tune("trials", COUNT, SLOTS, NOTHING)
