"""Reader of OptimizationJobs of Kubeflow Trainer."""
