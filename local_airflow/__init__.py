"""A live Airflow on this machine: for the demo, the system tests and the benchmarks. Not part of the provider."""
