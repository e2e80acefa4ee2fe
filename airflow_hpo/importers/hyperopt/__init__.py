"""Reader of Hyperopt spaces and the arguments of ``fmin``."""
