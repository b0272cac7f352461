"""Questions to the lake's newest days; their evidence is a `pipelines.quality.daily.Batch`."""
