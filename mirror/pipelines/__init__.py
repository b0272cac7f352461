"""SageMaker Pipelines: definitions checked before they are stored, executions that really run.

Reading order: `definition` (the document), `expressions` (Get, Std:Join, Std:JsonGet), `validation`,
`plan` (what may run next), `steps` (what each step does), `execution` (one run), `executions_api`.
"""
