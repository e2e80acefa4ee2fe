"""Trials in Kubernetes pods: what a pod is called, how it is watched, and why it ended."""
