"""The only place that knows Optuna: asks for trials, tells their results, prunes, transfers between editions."""
