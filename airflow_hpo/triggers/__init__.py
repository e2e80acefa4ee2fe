"""Triggers: studies and pods are waited for without a worker."""
