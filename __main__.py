"""What a stack deploys: the model of its settings behind an endpoint, with the key, role and network that it needs."""

from pathlib import Path

import pulumi

import guards
from components import account, names
from components.artifact_bucket import ArtifactBucket
from components.encryption_key import EncryptionKey, existing_key_arn
from components.execution_role import ExecutionRole
from components.model import Model
from components.network import Network
from components.private_registry import PrivateRegistry
from components.realtime_endpoint import VARIANT, RealtimeEndpoint
from components.session_manager_endpoints import SessionManagerEndpoints, Ways, ways_of
from components.settings import Settings
from components.ssm_access import SsmAccess
from knowledge.arns import parse_image
from knowledge.instance_storage import has_local_storage
from knowledge.session_manager import log_groups

settings = Settings.from_config()
guards.install()

here = account.current()
name = names.logical(settings.name)
needed: list[pulumi.Resource] = []  # what the model lives on: it comes before the model, and goes after it
debugged = settings.ssm_access or settings.stage == "development"  # sessions are logged from the stack's first day on

key_arn: pulumi.Input[str] | None = None
if settings.key == "own":
    groups = log_groups(settings.name) if debugged else ()
    key = EncryptionKey(name, {"account": here, "alias": name, "enabled": settings.key_enabled, "log_groups": groups})
    key_arn = key.arn
    needed.append(key)
elif settings.key != "none":
    key_arn = existing_key_arn(settings.key)
# SageMaker takes no key for local NVMe storage, which the instance encrypts by itself; the artifact's key stays.
volume_key_arn = None if has_local_storage(settings.instance_type) else key_arn

artifact_url: pulumi.Input[str] = settings.artifact
if settings.artifact_path:
    bucket = ArtifactBucket(name, {"artifact": settings.artifact_path, "key_arn": key_arn, "key_name": settings.key})
    artifact_url = bucket.url
    needed.append(bucket)

access: SsmAccess | None = None
if debugged:
    access = SsmAccess(
        name,
        {
            "account": here,
            "endpoint_name": settings.name,
            "enabled": settings.ssm_access,
            "until": settings.ssm_access_until,
            "key_arn": key_arn,
        },
    )
    needed.append(access)

ways: Ways | None = None
subnet_ids: list[pulumi.Input[str]] = [*(settings.subnets or [])]
security_group_ids: list[pulumi.Input[str]] = [*(settings.security_groups or [])]
if not subnet_ids:
    network = Network(name, {"account": here})
    subnet_ids, security_group_ids = [*network.subnet_ids], [*network.security_group_ids]
    needed.append(network)
    ways = Ways(network.vpc_id, out=False, one_a_zone=tuple(network.subnet_ids))
elif settings.subnets and (settings.ssm_access or settings.registry):
    ways = ways_of(settings.subnets)
if settings.ssm_access and settings.ssm_access_endpoints == "auto" and ways and not ways.out:
    private_link = SessionManagerEndpoints(
        name,
        {
            "account": here,
            "vpc_id": ways.vpc_id,
            "subnet_ids": ways.one_a_zone,
            "client_group_ids": security_group_ids,
            "opens_egress": not settings.subnets,
        },
    )
    needed.append(private_link)

registry: PrivateRegistry | None = None
if settings.registry and ways:
    registry = PrivateRegistry(
        name,
        {
            "account": here,
            "authentication": settings.registry.authentication,
            "secret_arn": settings.registry.secret,
            "credentials": settings.registry_credentials.secret_string() if settings.registry_credentials else None,
            "key_arn": key_arn,
            "ways": ways,
            "security_group_ids": security_group_ids,
            "network": settings.registry.network,
            "ports": settings.registry.ports_of(settings.image),
            "lambda_endpoint": settings.registry.lambda_endpoint,
            "group_rules": settings.registry.group_rules,
        },
    )
    needed.append(registry)
provider_arn = registry.function_arn if registry else None

role = ExecutionRole(
    name,
    {
        "account": here,
        "image": settings.image,
        "artifact_url": artifact_url,
        "artifact_key_arn": key_arn,
        "volume_key_arn": volume_key_arn,
        "credential_functions": [provider_arn] if provider_arn else [],
        "ssm_access": settings.ssm_access,
        "permissions": Path(settings.permissions).read_text(encoding="utf-8") if settings.permissions else None,
    },
)
model = Model(
    name,
    {
        "image": settings.image,
        "artifact_url": artifact_url,
        "environment": settings.container_environment(),
        "execution_role_arn": role.arn,
        "subnet_ids": subnet_ids,
        "security_group_ids": security_group_ids,
        "stage": settings.stage,
        "repository_access_mode": "Vpc" if settings.registry else "Platform",
        "credentials_provider_arn": provider_arn,
        "after": [role, *needed],
    },
)
endpoint = RealtimeEndpoint(
    name,
    {
        "endpoint_name": settings.name,
        "model_name": model.name,
        "instance_type": settings.instance_type,
        "instance_count": settings.instance_count,
        "ssm_access": settings.ssm_access,
        "ssm_access_tags": access.tags if access else {},
        "key_arn": volume_key_arn,
        "stage": settings.stage,
        "image": settings.image,
        "artifact_url": artifact_url,
        "after": [model, role, *needed],
    },
)

pulumi.export("endpointName", endpoint.endpoint.name)
pulumi.export("endpointArn", endpoint.endpoint.arn)
pulumi.export("variantName", VARIANT)
pulumi.export("endpointConfigurationName", endpoint.configuration.name)
pulumi.export("modelName", model.name)
pulumi.export("image", settings.image)
pulumi.export("imageDigest", parse_image(settings.image).digest or None)
pulumi.export("artifactUrl", artifact_url)
pulumi.export("keyArn", key_arn)
if registry and registry.function_arn:
    pulumi.export("credentialsProviderArn", registry.function_arn)
if registry and registry.lambda_dns_name:
    pulumi.export("lambdaEndpointDnsName", registry.lambda_dns_name)
pulumi.export("stage", settings.stage)
if settings.ssm_access and access and access.user_policy:
    pulumi.export("ssmAccessUntil", settings.ssm_access_until)
    pulumi.export("ssmUserPolicyArn", access.user_policy.arn)
if exemptions := guards.exemptions_in_force():
    pulumi.export("exemptionsInForce", exemptions)
