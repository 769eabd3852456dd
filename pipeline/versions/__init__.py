"""`holdfast register`, `versions`, `approve`, `reject`: versions of models in SageMaker's Model Registry.

Place: beside the engine; these commands ask SageMaker directly and touch no stack.
"""
