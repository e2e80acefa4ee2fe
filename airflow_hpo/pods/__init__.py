"""Pods of trials in Kubernetes: their manifests and names, the API, the watch, and the reasons of their ends."""
