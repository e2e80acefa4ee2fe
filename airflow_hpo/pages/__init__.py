"""Pages: what they show, read from the study database; nothing is created or migrated, and neither Airflow nor FastAPI is known."""
