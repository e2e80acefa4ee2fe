"""The search space: its parameters, their conditions, its points and its grid."""
