"""The manifest of a trial's pod: its labels, templates and environment."""
