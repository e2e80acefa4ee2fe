"""What Airflow loads of this package by itself; it does nothing until an option asks for it."""
