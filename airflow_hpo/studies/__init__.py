"""What is done with a study: open it, suggest, run, judge, end. Joins storage and search; knows no Airflow."""
