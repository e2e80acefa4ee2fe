"""Reader of Katib's Experiments (``kubeflow.org/v1beta1``), with the meaning that Katib 0.19 gives them."""
