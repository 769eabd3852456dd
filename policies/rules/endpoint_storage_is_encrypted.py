"""
Endpoint configurations name the KMS key of their storage volumes, where SageMaker takes one.

Avoid
    EndpointConfiguration("scoring", production_variants=[{"instance_type": "ml.m5.large", ...}])

Prefer
    EndpointConfiguration("scoring", kms_key_arn=key.arn,
                          production_variants=[{"instance_type": "ml.m5.large", ...}])

Why
    Without a key of your own nobody can withdraw access to what rests on the volumes. With an instance type that has
    local NVMe storage it is the other way round: SageMaker refuses a configuration that names a key, and the hardware
    encrypts the storage by itself.

Not covered
    Serverless variants, which have no volumes; whether the key's policy lets SageMaker use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.instance_storage import has_local_storage
from policies.models import variants
from policies.rule import ResourceRule
from policies.tokens import ENDPOINT_CONFIGURATION

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict


def judge(configuration: Resource, verdict: Verdict) -> None:
    """One variant with local storage decides for the whole configuration: the key is named once for all."""
    named = configuration.properties.has("kmsKeyArn")
    types = [text for variant in variants(configuration) if (text := variant.text("instanceType"))]
    if not types:
        verdict.not_applicable("no variant has instances")
    local = sorted({each for each in types if has_local_storage(each)})
    if local and named:
        verdict.violated(
            configuration,
            f"kmsKeyArn is set and {', '.join(local)} has local storage; SageMaker refuses to create this "
            "configuration, in the middle of the deployment.",
            fix="Leave kmsKeyArn out; the local storage is encrypted by hardware.",
        )
    elif not local and not named:
        verdict.violated(
            configuration,
            "kmsKeyArn is not set; the storage volumes are encrypted with a key that you can't withdraw.",
            fix="Set kmsKeyArn to a KMS key of your own.",
        )


rule = ResourceRule(
    name="endpoint-storage-is-encrypted",
    title="Endpoint configurations name the KMS key of their storage volumes, where SageMaker takes one.",
    severity="medium",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html",
    remedy="Set kmsKeyArn, except for instance types with local storage.",
    types=(ENDPOINT_CONFIGURATION,),
    judge=judge,
)
