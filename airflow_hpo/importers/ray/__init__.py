"""Reader of Ray Tune searches: ``param_space``, ``tune_config`` and ``run_config``."""
