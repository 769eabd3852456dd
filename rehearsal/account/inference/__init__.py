"""SageMaker's models, endpoint configurations and endpoints, with AWS's refusals, statuses and roll-backs."""
