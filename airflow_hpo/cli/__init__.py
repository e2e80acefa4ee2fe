"""The ``airflow hpo`` commands."""
