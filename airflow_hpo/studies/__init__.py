"""Studies: opened, asked for trials, judged, stopped, finished. Joins storage and Optuna; knows no Airflow."""
