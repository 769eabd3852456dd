"""
The credentials of a private registry come from a Lambda function that is named by its ARN.

Avoid
    image_config={"repository_access_mode": "Vpc",
                  "repository_auth_config": {"repository_credentials_provider_arn": "registry-credentials"}}

Prefer
    image_config={"repository_access_mode": "Vpc",
                  "repository_auth_config": {"repository_credentials_provider_arn": function.arn}}

Why
    SageMaker calls the function when it makes the model and whenever it pulls the image again. It takes the function's
    ARN and nothing else; with access mode `Platform` it never asks, so whoever sets credentials there expects what
    won't happen.

Not covered
    Whether the function is there and tells the credentials: the guards call it before the model is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge import arns
from policies.models import containers
from policies.rule import ResourceRule
from policies.tokens import MODEL

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict


def judge(model: Resource, verdict: Verdict) -> None:
    """Each container by itself: mode and ARN are two questions."""
    for container in containers(model):
        config = container.block("imageConfig")
        if config is None:
            continue
        with verdict.considering(model):
            auth = config.block("repositoryAuthConfig")
            if auth is None:
                continue
            if config.text("repositoryAccessMode") != "Vpc":
                verdict.violated(
                    model,
                    f"{config.where('repositoryAuthConfig')} is set and {config.where('repositoryAccessMode')} isn't "
                    "Vpc; SageMaker never asks for the credentials.",
                    fix=f"Set {config.where('repositoryAccessMode')} to Vpc, or take the credentials out.",
                )
        with verdict.considering(model):
            text = auth.text("repositoryCredentialsProviderArn") if auth is not None else ""
            arn = arns.parse(text)
            if arn is None or arn.service != "lambda" or arn.kind != "function":
                verdict.violated(
                    model,
                    f"{config.where('repositoryAuthConfig')}.repositoryCredentialsProviderArn is {text or 'empty'}, "
                    "which is no ARN of a Lambda function; SageMaker refuses the model.",
                )


rule = ResourceRule(
    name="registry-credentials-come-from-a-function",
    title="The credentials of a private registry come from a Lambda function that is named by its ARN.",
    severity="high",
    concern="private registry",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-containers-inference-private.html",
    remedy="Set repositoryCredentialsProviderArn to the ARN of the function.",
    types=(MODEL,),
    judge=judge,
)
