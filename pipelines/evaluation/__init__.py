"""What EvaluateModel finds out about a model: how certainly, in money, by segment, against production."""
