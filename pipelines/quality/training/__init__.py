"""Questions to the training set; their evidence is a `pipelines.quality.splits.TrainingSet`."""
