"""The files of a deploy bundle for Kubernetes: what runs the pods, scales them, splits requests."""
