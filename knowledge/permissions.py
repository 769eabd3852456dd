"""What a model needs of its execution role, as (action, resource, why) triples.

Sources: "How to use SageMaker AI execution roles", section "CreateModel API: Execution Role Permissions" (SageMaker
Developer Guide, sagemaker-roles); "Use a Private Docker Registry for Real-Time Inference Containers"
(your-algorithms-containers-inference-private); CreateEndpointConfig, parameters KmsKeyId, DataCaptureConfig,
AsyncInferenceConfig (API reference); "Protecting data with SSE-KMS" (S3 User Guide, UsingKMSEncryption).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from knowledge.arns import parse, parse_image, parse_s3

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PULL_IMAGE = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
USE_NETWORK = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVpcs",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
)
WRITE_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
ENDPOINT_LOG_GROUPS = "/aws/sagemaker/Endpoints/*"
TRUSTED_SERVICE = "sagemaker.amazonaws.com"
FUNCTION_SERVICE = "lambda.amazonaws.com"


@dataclass(frozen=True)
class Need:
    """One permission: `action` on `resource`, and `why`.

    `essential`: without it no instance of the endpoint can be started, patched or replaced. Logs and metrics are not.
    """

    action: str
    resource: str
    why: str
    essential: bool = True
    context: tuple[tuple[str, str], ...] = ()
    """Condition keys that are certain for this use, besides those of every call."""


@dataclass(frozen=True)
class Facts:
    """What a model, and the endpoint configurations that deploy it, refer to.

    Arguments:
        artifacts: S3 URLs of ModelDataUrl, ModelDataSource and additional sources (`s3://bucket/key`; ending in `/`
            for a prefix).
        images: image references of all containers.
        artifact_keys: ARNs of the KMS keys that encrypt the artifacts (customer keys only).
        volume_keys: ARNs of the keys named as KmsKeyId by endpoint configurations.
        vpc: whether the model has a VpcConfig.
        credential_functions: ARNs of the Lambda functions of private registries (RepositoryCredentialsProviderArn).
        outputs: S3 URLs that data capture or asynchronous inference writes to.
        output_keys: ARNs of the KMS keys of these outputs.
        partition, region, account: where the endpoint lives; `*` where not known.

    """

    artifacts: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    artifact_keys: tuple[str, ...] = ()
    volume_keys: tuple[str, ...] = ()
    vpc: bool = False
    credential_functions: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    output_keys: tuple[str, ...] = ()
    partition: str = "aws"
    region: str = "*"
    account: str = "*"
    unknown: tuple[str, ...] = field(default=())
    """Properties whose value can't be known yet (a preview); what they need is undecided."""


def needs_of(facts: Facts) -> tuple[Need, ...]:
    """Everything the execution role must be allowed to do for `facts`, without duplicates, in a stable order.

    Each Need has `action`, `resource` (an ARN, `*` for actions that take none), `why`, `essential`.
    `document_of(needs_of(facts))` is a least-privilege identity policy.
    """
    needs: list[Need] = []
    needs += _artifact_needs(facts)
    needs += _image_needs(facts)
    needs += [Need("kms:Decrypt", key, "decrypt the model artifact (SSE-KMS)") for key in facts.artifact_keys]
    for key in facts.volume_keys:
        needs += [
            Need(action, key, "encrypt the storage volume of the instances")
            for action in ("kms:CreateGrant", "kms:DescribeKey")
        ]
    if facts.vpc:
        needs += [Need(action, "*", "attach the containers to the subnets of VpcConfig") for action in USE_NETWORK]
    needs += [
        Need("lambda:InvokeFunction", function, "fetch the credentials of the private registry")
        for function in facts.credential_functions
    ]
    for url in facts.outputs:
        location = parse_s3(url)
        if location is not None:
            target = f"arn:{facts.partition}:s3:::{location.bucket}/{location.key.rstrip('/')}"
            resource = (target if target.endswith("/") else target + "/") + "*"
            needs.append(Need("s3:PutObject", resource, "write captured data or asynchronous results"))
    needs += [Need("kms:GenerateDataKey", key, "encrypt captured data or results") for key in facts.output_keys]
    logs = f"arn:{facts.partition}:logs:{facts.region}:{facts.account}:log-group:{ENDPOINT_LOG_GROUPS}"
    needs += [Need(action, logs, "write the container's log", essential=False) for action in WRITE_LOGS]
    needs.append(Need("cloudwatch:PutMetricData", "*", "publish the instances' metrics", essential=False))
    return tuple(dict.fromkeys(needs))


def needs_of_function(secrets: Iterable[str], secret_keys: Iterable[str]) -> tuple[Need, ...]:
    """What the role of a private registry's function must be allowed to do.

    Arguments:
        secrets: ARNs of the secrets with the registry's credentials.
        secret_keys: ARNs of the KMS keys that encrypt them (customer keys only).

    """
    named = list(secrets)
    reading = [Need("secretsmanager:GetSecretValue", one, "read the credentials of the registry") for one in named]
    context = _through_secrets_manager(named)
    decrypting = [
        Need("kms:Decrypt", key, "decrypt the credentials of the registry", context=context) for key in secret_keys
    ]
    return (*reading, *decrypting)


def _through_secrets_manager(secrets: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What KMS hears when a secret is read ("Secret encryption and decryption in AWS Secrets Manager")."""
    arns_ = [arn for one in secrets if (arn := parse(one)) is not None]
    services = {
        f"secretsmanager.{arn.region}.amazonaws.com{'.cn' if arn.partition == 'aws-cn' else ''}" for arn in arns_
    }
    via = (("kms:ViaService", services.pop()),) if len(services) == 1 else ()
    return (*via, ("kms:EncryptionContext:SecretARN", secrets[0])) if len(secrets) == len(arns_) == 1 else via


def _artifact_needs(facts: Facts) -> Iterable[Need]:
    for url in facts.artifacts:
        location = parse_s3(url)
        if location is None:
            continue
        bucket = f"arn:{facts.partition}:s3:::{location.bucket}"
        key = location.key + "*" if location.is_prefix else location.key
        yield Need("s3:GetObject", f"{bucket}/{key}", "read the model artifact")
        yield Need("s3:ListBucket", bucket, "list the model artifact's prefix", essential=location.is_prefix)


def _image_needs(facts: Facts) -> Iterable[Need]:
    for reference in facts.images:
        image = parse_image(reference)
        if image.is_ecr:
            for action in PULL_IMAGE:
                yield Need(action, image.repository_arn, "pull the inference image")
            yield Need("ecr:GetAuthorizationToken", "*", "log in to Amazon ECR")


def document_of(needs: Iterable[Need]) -> dict[str, Any]:
    """An IAM identity policy (JSON-able) that grants exactly `needs`: one statement for each reason and resource."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for need in needs:
        grouped.setdefault((need.why, need.resource), []).append(need.action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
            for (_, resource), actions in grouped.items()
        ],
    }


def trust_document() -> dict[str, Any]:
    """The trust policy of an execution role: SageMaker may assume it (SageMaker Developer Guide, sagemaker-roles)."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": TRUSTED_SERVICE}, "Action": "sts:AssumeRole"}],
    }
