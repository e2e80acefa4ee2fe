"""Our own tables, their history and their queries. Knows SQLAlchemy and Alembic; no Airflow, no Optuna."""
