"""What a stack deploys: a model behind an endpoint, with what it needs; and what it has in the Model Registry."""

from pathlib import Path

import pulumi

import guards
from components import account, from_model_registry, from_settings, names
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
key = from_settings.key(name, settings, here, from_model_registry.readers(settings, here))
needed = [*key.own]  # what the model lives on: it comes before the model, and goes after it

artifact_url: pulumi.Input[str] = settings.artifact
bucket = None
if settings.artifact_path:
    bucket = ArtifactBucket(
        name,
        {
            "artifact": settings.artifact_path,
            "key_arn": key.arn,
            "key_name": settings.key,
            "retained": settings.model_version is not None,
        },
    )
    artifact_url = bucket.url
    needed.append(bucket)

registered = from_model_registry.registered(name, settings, here, key, artifact_url, bucket)
outputs: dict[str, pulumi.Input[object] | None] = {
    "image": settings.image or None,
    "imageDigest": parse_image(settings.image).digest or None,
    "artifactUrl": artifact_url or None,
    "keyArn": key.arn,
    "stage": settings.stage,
    **registered.stack_outputs(),
}

placement = from_settings.placement(name, settings, here) if settings.serves or settings.recommender else None
release = from_model_registry.release(settings, artifact_url, key.arn) if settings.serves else None
if settings.recommender and placement:
    images, urls = from_model_registry.tried(settings, artifact_url, release)
    outputs |= from_settings.recommender(name, settings, here, key.arn, placement, images, urls).stack_outputs()

from_model_registry.deployers(name, settings, here)
if placement and release:
    # SageMaker takes no key for local NVMe storage, which the instance encrypts by itself; the artifact's key stays.
    volume_key_arn = None if has_local_storage(settings.instance_type) else key.arn
    access = from_settings.ssm_access(name, settings, here, key.arn)
    registry = from_settings.registry(name, settings, here, key.arn, placement)
    needed += [*filter(None, [access, registry]), *placement.own]
    provider_arn = registry.function_arn if registry else None

    role = ExecutionRole(
        name,
        {
            "account": here,
            "images": release.images,
            "artifact_urls": release.artifact_urls,
            "artifact_key_arns": release.artifact_key_arns,
            "volume_key_arn": volume_key_arn,
            "credential_functions": [provider_arn] if provider_arn else [],
            "ssm_access": settings.ssm_access,
            "permissions": Path(settings.permissions).read_text(encoding="utf-8") if settings.permissions else None,
        },
    )
    model = Model(
        name,
        {
            **release.model,
            # A version is deployed as it was approved: its variables are its own.
            "environment": None if release.package_arn else settings.container_environment(),
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
            "release_tags": model.tags,
            "after": [model, role, *needed],
        },
    )
    outputs |= {
        "endpointName": endpoint.endpoint.name,
        "endpointArn": endpoint.endpoint.arn,
        "variantName": VARIANT,
        "endpointConfigurationName": endpoint.configuration.name,
        "modelName": model.name,
        "modelPackageDeployed": release.package_arn or None,
    }
    outputs |= registry.stack_outputs() if registry else {}
    outputs |= access.stack_outputs() if access else {}

if exemptions := guards.exemptions_in_force():
    outputs["exemptionsInForce"] = exemptions
for output, value in outputs.items():
    pulumi.export(output, value)
