"""A real Kubernetes on one machine, without a container engine, for tests and for trying the provider."""
