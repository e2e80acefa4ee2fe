"""Pure domain: what a study, a trial and a budget are. No Airflow, SQL, Optuna, clock or I/O."""
