"""Every resource type the provider has, by token: one file or a few a service, one class a type."""

from __future__ import annotations

import inspect
from importlib import import_module

from rehearsal.provider.described import Resource

SERVICES = (
    "sagemaker",
    "model_packages",
    "iam",
    "kms",
    "s3",
    "s3_settings",
    "s3_objects",
    "s3_lifecycle",
    "ec2",
    "vpc_endpoints",
    "routes",
    "security_groups",
    "security_group_rules",
    "ecr",
    "cloudwatch",
    "logs",
    "lambda_",
    "appautoscaling",
    "secretsmanager",
    "ssm",
    "cloudcontrol",
    "ram",
)


def _collected() -> dict[str, Resource]:
    made: dict[str, Resource] = {}
    for service in SERVICES:
        module = import_module(f"{__name__}.{service}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Resource) and kind.__module__ == module.__name__ and "token" in vars(kind):
                made[kind.token] = kind()
    return made


TYPES = _collected()
