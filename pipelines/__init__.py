"""How a model is made: the nightly SageMaker Pipeline and the code of its steps."""
