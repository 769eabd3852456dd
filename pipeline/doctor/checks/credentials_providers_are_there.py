"""The functions that open private registries exist, and so do the secrets they read. Asked: Lambda, Secrets Manager.

Source: "Use a Private Docker Registry for Real-Time Inference Containers". They aren't called here: who may assume
their role, and what it may read, other checks say. GetFunctionConfiguration, DescribeSecret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guards import usage
from knowledge.arns import is_arn
from pipeline.doctor.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """A function or secret of another account can't be looked up from here; nothing is said of it."""
    if is_arn(one.identity):
        return
    account = examination.account
    if one.kind == usage.FUNCTION:
        if account.ask("lambda", "get_function_configuration", FunctionName=one.identity) is None:
            yield Problem(
                f"Function {one.identity}, which tells the credentials of a private registry, no longer exists: a new "
                "instance could not pull its image.",
                "Deploy a model that names a function that is there.",
            )
        return
    described = account.ask("secretsmanager", "describe_secret", SecretId=one.identity)
    if described is None or described.get("DeletedDate"):
        yield Problem(
            f"Secret {one.identity}, with the credentials of a private registry, "
            f"{'no longer exists' if described is None else 'is being deleted'}: a new instance could not pull its "
            "image.",
            "Restore the secret (secretsmanager:RestoreSecret), or deploy a model whose function reads another.",
        )


check = Check(
    name="credentials-providers-are-there",
    title="The functions that open private registries exist, and so do the secrets they read.",
    kinds=(usage.FUNCTION, usage.SECRET),
    examine=examine,
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-containers-inference-private.html",
)
