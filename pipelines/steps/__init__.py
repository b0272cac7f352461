"""The programs that run inside the pipeline's containers.

Local folders in, local folders out: no AWS client. `train` and `evaluate` use no package that
SageMaker's XGBoost container lacks; `features` runs in the inference server's image.
"""
