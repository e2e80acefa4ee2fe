"""The Kubernetes API: connection, client, informer, retries."""
