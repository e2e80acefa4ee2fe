"""From an Airflow connection to the study database."""
