"""AWS's descriptions of the services that most programs use, read on import: for the server providers are forked from.

To read them takes a provider longer than the calls of a small program (`rehearsal.prefork`).
"""

from __future__ import annotations

from rehearsal.provider.account import Account

for service in ("sts", "sagemaker", "iam", "s3", "kms", "ec2", "ecr", "cloudwatch"):
    Account("us-east-1", "http://127.0.0.1:9").client(service)  # nobody is called
