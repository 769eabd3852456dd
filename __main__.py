"""What a stack deploys: the model of its settings behind an endpoint, with the key, role and network that it needs."""

from pathlib import Path

import pulumi

import guards
from components import account, from_settings, names
from components.artifact_bucket import ArtifactBucket
from components.execution_role import ExecutionRole
from components.model import Model
from components.realtime_endpoint import VARIANT, RealtimeEndpoint
from components.settings import Settings
from knowledge.arns import parse_image
from knowledge.instance_storage import has_local_storage

settings = Settings.from_config()
guards.install()

here = account.current()
name = names.logical(settings.name)
key = from_settings.key(name, settings, here)
# SageMaker takes no key for local NVMe storage, which the instance encrypts by itself; the artifact's key stays.
volume_key_arn = None if has_local_storage(settings.instance_type) else key.arn
needed = [*key.own]  # what the model lives on: it comes before the model, and goes after it

artifact_url: pulumi.Input[str] = settings.artifact
if settings.artifact_path:
    bucket = ArtifactBucket(name, {"artifact": settings.artifact_path, "key_arn": key.arn, "key_name": settings.key})
    artifact_url = bucket.url
    needed.append(bucket)

access = from_settings.ssm_access(name, settings, here, key.arn)
placement = from_settings.placement(name, settings, here)
registry = from_settings.registry(name, settings, here, key.arn, placement)
needed += [*filter(None, [access, registry]), *placement.own]
provider_arn = registry.function_arn if registry else None

role = ExecutionRole(
    name,
    {
        "account": here,
        "image": settings.image,
        "artifact_url": artifact_url,
        "artifact_key_arn": key.arn,
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
        "subnet_ids": placement.subnet_ids,
        "security_group_ids": placement.security_group_ids,
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
        "recommendation": settings.recommendation.tag() if settings.recommendation else None,
        "key_arn": volume_key_arn,
        "stage": settings.stage,
        "image": settings.image,
        "artifact_url": artifact_url,
        "after": [model, role, *needed],
    },
)

recommender = from_settings.recommender(name, settings, here, key.arn, placement, artifact_url)

outputs: dict[str, pulumi.Input[object] | None] = {
    "endpointName": endpoint.endpoint.name,
    "endpointArn": endpoint.endpoint.arn,
    "variantName": VARIANT,
    "endpointConfigurationName": endpoint.configuration.name,
    "modelName": model.name,
    "image": settings.image,
    "imageDigest": parse_image(settings.image).digest or None,
    "artifactUrl": artifact_url,
    "keyArn": key.arn,
    "stage": settings.stage,
}
outputs |= registry.stack_outputs() if registry else {}
outputs |= access.stack_outputs() if access else {}
outputs |= recommender.stack_outputs() if recommender else {}
if exemptions := guards.exemptions_in_force():
    outputs["exemptionsInForce"] = exemptions
for output, value in outputs.items():
    pulumi.export(output, value)
