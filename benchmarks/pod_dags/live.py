"""Many trials of a minute at once, without a worker. A DAG of airflow."""

from bench_pods import LIVE, SLEEP, tune

tune("live", LIVE, LIVE, SLEEP, seconds=(60, 61), run_in="triggerer")
