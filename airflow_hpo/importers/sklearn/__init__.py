"""Reader of the searches of scikit-learn and scikit-optimize."""
