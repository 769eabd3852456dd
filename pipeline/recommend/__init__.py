"""
`holdfast recommend`: Inference Recommender's jobs, from what is asked to the instance type in the stack's settings.

A job is a run, not infrastructure: nothing of it is in the stack's state. What was asked, by whom and what came of it
lies in the account: the job with its tags, and a record beside its payload.
"""
