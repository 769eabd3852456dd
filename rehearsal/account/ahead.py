"""What an account loads when it first meets a service, loaded on import: for the server that accounts are forked from.

Botocore's models of the services, the routes of those whose requests name no action, AWS's own IAM policies: they take
an account longer than everything else it does in a short life, and are the same for all of them (`rehearsal.prefork`).
"""

from __future__ import annotations

from moto.core.utils import get_service_model

from rehearsal.account import calls, managed_policies

MODELS = ("sts", "sagemaker", "iam", "s3", "kms", "ec2", "ecr", "cloudwatch", "lambda")
ROUTES = ("s3", "lambda")

for service in MODELS:
    get_service_model(service)
for service in ROUTES:
    calls.router(service)
managed_policies.documents()
