"""
The Lambda function that tells Amazon SageMaker the user name and password of a private Docker registry.

This file is the function: `components.private_registry` packs it, and nothing else, into the function's archive, so it
imports only what the Lambda runtime brings (boto3). SageMaker calls it when a model is made and takes from its answer
`{"Credentials": {"Username": ..., "Password": ...}}`; with basic authentication the registry gets the two, with
bearer-token authentication its token server does (SageMaker Developer Guide,
your-algorithms-containers-inference-private, "Create the Lambda function").
What goes wrong is raised in words without anything of the secret's value: Lambda hands them to whoever calls.
"""

import json
import os
from typing import Any

SECRET = "REGISTRY_SECRET_ARN"  # noqa: S105 - the name of a variable
"""The environment variable that names the secret."""


def handler(event: object, context: object) -> dict[str, dict[str, str]]:
    """
    The registry's credentials, read from AWS Secrets Manager (GetSecretValue) at each call, so that a rotation holds.

    Raises:
        RuntimeError: the secret can't be read.
        ValueError: it isn't a JSON object with the texts `username` and `password`.

    """
    del event, context
    secret = os.environ[SECRET]
    return {"Credentials": credentials_in(_value(secret), secret)}


def credentials_in(text: str | None, secret: str) -> dict[str, str]:
    """
    User name and password in a secret's value; `secret` is its ARN.

    Raises:
        ValueError: see `handler`.

    """
    try:
        found: Any = json.loads(text or "")
    except ValueError:
        found = None
    names = ("username", "password")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) and found[name] for name in names):
        raise ValueError(f'Secret {secret} must hold a JSON object with the texts "username" and "password".')
    return {"Username": found["username"], "Password": found["password"]}


def _value(secret: str) -> str | None:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    bounded = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "max_attempts": 2})
    try:
        answer = boto3.client("secretsmanager", config=bounded).get_secret_value(SecretId=secret)
    except ClientError as error:
        details = error.response.get("Error", {})
        message = f"secretsmanager:GetSecretValue of {secret} answered {details.get('Code')}: {details.get('Message')}"
        raise RuntimeError(message) from None
    except BotoCoreError as error:
        raise RuntimeError(f"secretsmanager:GetSecretValue of {secret} got no answer: {type(error).__name__}") from None
    found = answer.get("SecretString")
    return found if isinstance(found, str) else None
