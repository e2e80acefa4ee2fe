"""What is run before anything is measured. A DAG of airflow."""

from bench_pods import NOTHING, plain, tune

plain("warm_up", 2)
tune("warm_up_trials", 4, 4, NOTHING)
tune("warm_up_triggerer", 4, 4, NOTHING, run_in="triggerer")
