"""The stack's endpoints as the account has them: what they run on, whether they are well, and what they answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENDPOINT_TYPE = "aws:sagemaker/endpoint:Endpoint"
GONE = "not in the account"
ANSWER_LENGTH = 200


@dataclass
class Endpoint:
    """One endpoint: what the stack's state says of it, and what the account says."""

    name: str
    configuration_asked: str
    arn: str = ""
    status: str = GONE
    configuration: str = ""
    instances: str = ""
    runs_on: dict[str, str] = field(default_factory=dict)
    """Model, image, artifact, role and keys by what they are."""
    failure_reason: str = ""
    prediction: str = ""

    @property
    def well(self) -> bool:
        """In service, on the configuration that was asked for."""
        return self.status == "InService" and self.configuration == self.configuration_asked

    @property
    def health(self) -> str:
        """The same in words."""
        if self.well:
            return "well: in service, on the configuration that the stack has"
        if self.status != "InService":
            return f"{self.status}{': ' + self.failure_reason if self.failure_reason else ''}"
        return (
            f"in service, but on configuration {self.configuration}; {self.configuration_asked} was asked for. "
            "Run `holdfast refresh`, then `holdfast up`"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {**asdict(self), "well": self.well, "health": self.health}


def in_state(deployment: Mapping[str, Any]) -> list[Endpoint]:
    """The endpoints of an exported deployment, those pending deletion left out."""
    return [
        Endpoint(
            name=str(resource.get("outputs", {}).get("name", resource.get("id", ""))),
            configuration_asked=str(resource.get("inputs", {}).get("endpointConfigName", "")),
        )
        for resource in deployment.get("resources", [])
        if resource["type"] == ENDPOINT_TYPE and not resource.get("delete")
    ]


def look_up(endpoint: Endpoint, environment: Mapping[str, str]) -> Endpoint:
    """
    Ask the account about an endpoint and everything it runs on.

    Sources: DescribeEndpoint, DescribeEndpointConfig, DescribeModel of the SageMaker API.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: the account could not be asked.

    """
    from botocore.exceptions import ClientError

    sagemaker = _client("sagemaker", environment)
    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint.name)
    except ClientError as error:
        if "Could not find" in str(error):
            return endpoint
        raise
    endpoint.arn = found["EndpointArn"]
    endpoint.status = found["EndpointStatus"]
    endpoint.configuration = found.get("EndpointConfigName", "")
    endpoint.failure_reason = found.get("FailureReason", "")
    variants = found.get("ProductionVariants", [])
    endpoint.instances = ", ".join(
        f"{v['VariantName']} {v.get('CurrentInstanceCount', '?')} of {v.get('DesiredInstanceCount', '?')}"
        for v in variants
    )
    try:
        endpoint.runs_on = _runs_on(sagemaker, endpoint.configuration)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise
        endpoint.failure_reason = endpoint.failure_reason or f"what it runs on is gone: {error}"
    for variant in variants:
        for image in variant.get("DeployedImages", []):
            endpoint.runs_on["image, resolved"] = image.get("ResolvedImage", "")
    if endpoint.runs_on.get("image, resolved") == endpoint.runs_on.get("image"):
        endpoint.runs_on.pop("image, resolved", None)
    return endpoint


def _runs_on(sagemaker: Any, configuration: str) -> dict[str, str]:
    described = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
    parts = {"key": described.get("KmsKeyId", "none")}
    for variant in described["ProductionVariants"]:
        parts["instance type"] = variant.get("InstanceType", "serverless")
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        parts["model"] = variant["ModelName"]
        parts["role"] = model["ExecutionRoleArn"]
        for container in [model.get("PrimaryContainer"), *model.get("Containers", [])]:
            if container and container.get("ModelPackageName"):
                parts["model package"] = container["ModelPackageName"]
            elif container:
                parts["image"] = container.get("Image", "")
                parts["artifact"] = container.get("ModelDataUrl", "")
    return parts


def predict(endpoint: Endpoint, sample: Path, content_type: str, environment: Mapping[str, str]) -> str:
    """
    One prediction by the deployed model (InvokeEndpoint): the answer's first characters as text.

    Raises:
        botocore.exceptions.ClientError: the endpoint refused or its container failed.
        OSError: the sample can't be read.

    """
    body = sample.read_bytes()
    runtime = _client("sagemaker-runtime", environment)
    answer = runtime.invoke_endpoint(EndpointName=endpoint.name, Body=body, ContentType=content_type)
    return str(answer["Body"].read().decode("utf-8", "replace")).strip()[:ANSWER_LENGTH]


def _client(service: str, environment: Mapping[str, str]) -> Any:
    """A client for the account that the engine's run was given, never for another."""
    import boto3

    if not environment.get("AWS_ENDPOINT_URL"):
        return boto3.client(service)
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"),
    )
