"""Reader of a study in a database of Optuna; Optuna itself is not needed."""
