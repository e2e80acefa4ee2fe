"""The demo: a real model, real data, a real Airflow, one machine."""
