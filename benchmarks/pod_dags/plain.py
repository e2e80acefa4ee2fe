"""Plain pod tasks that do nothing. A DAG of airflow."""

from bench_pods import COUNT, SLOTS, plain

plain("plain", COUNT, max_active_tis_per_dagrun=SLOTS)
