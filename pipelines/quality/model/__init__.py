"""Questions to a trained model; their evidence is a `pipelines.quality.trained.Trained`."""
