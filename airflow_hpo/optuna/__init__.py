"""Optuna, known only here: trials asked for, results told, pruning, warm starts between editions."""
