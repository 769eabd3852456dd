"""What an endpoint, an endpoint configuration and a model refer to, field by field.

One reading for both sources: inputs of `aws:sagemaker/...` resources (Pulumi's spelling) and answers of
DescribeEndpoint, DescribeEndpointConfig and DescribeModel (the API's spelling).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from guards import usage
from guards.usage import node
from guards.values import Unknown, get, items
from knowledge.arns import parse, parse_image, parse_s3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from guards.usage import Node, UsageGraph


class Reference(NamedTuple):
    """A field that names another thing; `value` is an Unknown while it can't be known."""

    kind: str
    value: Any
    field: str


def of_endpoint(described: Mapping[str, Any]) -> Iterator[Reference]:
    """The configuration that serves, the one that is being rolled out, and the images that run."""
    yield Reference(usage.CONFIGURATION, get(described, "endpointConfigName"), "EndpointConfigName")
    pending = get(described, "pendingDeploymentSummary", "endpointConfigName")
    yield Reference(usage.CONFIGURATION, pending, "PendingDeploymentSummary.EndpointConfigName")


def of_configuration(described: Mapping[str, Any]) -> Iterator[Reference]:
    """Models, keys, buckets and the role of an endpoint configuration."""
    for variants in ("productionVariants", "shadowProductionVariants"):
        name = variants[:1].upper() + variants[1:]
        for variant in items(get(described, variants)):
            yield Reference(usage.MODEL, get(variant, "modelName"), f"{name}[].ModelName")
            dump = get(variant, "coreDumpConfig")
            yield Reference(usage.BUCKET, get(dump, "destinationS3Uri"), f"{name}[].CoreDumpConfig.DestinationS3Uri")
            yield Reference(usage.KEY, get(dump, "kmsKeyId"), f"{name}[].CoreDumpConfig.KmsKeyId")
    for spelling in ("kmsKeyArn", "kmsKeyId"):
        yield Reference(usage.KEY, get(described, spelling), "KmsKeyId")
    capture = next(items(get(described, "dataCaptureConfig")), None)
    yield Reference(usage.BUCKET, get(capture, "destinationS3Uri"), "DataCaptureConfig.DestinationS3Uri")
    yield Reference(usage.KEY, get(capture, "kmsKeyId"), "DataCaptureConfig.KmsKeyId")
    output = get(next(items(get(described, "asyncInferenceConfig")), None), "outputConfig")
    for path in ("s3OutputPath", "s3FailurePath"):
        yield Reference(usage.BUCKET, get(output, path), f"AsyncInferenceConfig.OutputConfig.S3{path[2:]}")
    yield Reference(usage.KEY, get(output, "kmsKeyId"), "AsyncInferenceConfig.OutputConfig.KmsKeyId")
    yield Reference(usage.ROLE, get(described, "executionRoleArn"), "ExecutionRoleArn")


def of_model(described: Mapping[str, Any]) -> Iterator[Reference]:
    """Role, artifacts, images, network and registry credentials of a model."""
    yield Reference(usage.ROLE, get(described, "executionRoleArn"), "ExecutionRoleArn")
    for at, container in _containers(described):
        yield Reference(usage.IMAGE, get(container, "image"), f"{at}.Image")
        yield Reference(usage.PACKAGE, get(container, "modelPackageName"), f"{at}.ModelPackageName")
        function = get(container, "imageConfig", "repositoryAuthConfig", "repositoryCredentialsProviderArn")
        yield Reference(usage.FUNCTION, function, f"{at}.ImageConfig.RepositoryAuthConfig")
        for where, url in _artifacts(container):
            yield Reference(usage.ARTIFACT, url, f"{at}.{where}")
    network = get(described, "vpcConfig")
    for subnet in items(get(network, "subnets")):
        yield Reference(usage.SUBNET, subnet, "VpcConfig.Subnets")
    for group in items(get(network, "securityGroupIds")):
        yield Reference(usage.GROUP, group, "VpcConfig.SecurityGroupIds")


def of_function(described: Mapping[str, Any]) -> Iterator[Reference]:
    """What a Lambda function that opens a private registry runs on: role, secrets, network, key.

    A secret is known by its ARN in the environment: the function has no other field for it.
    """
    yield Reference(usage.ROLE, get(described, "role"), "Role")
    variables = get(described, "environment", "variables")
    for value in variables.values() if isinstance(variables, dict) else items(variables or None):
        arn = parse(value)
        if isinstance(value, Unknown) or (arn is not None and arn.service == "secretsmanager"):
            yield Reference(usage.SECRET, value, "Environment")
    network = get(described, "vpcConfig")
    for subnet in items(get(network, "subnetIds")):
        yield Reference(usage.SUBNET, subnet, "VpcConfig.SubnetIds")
    for group in items(get(network, "securityGroupIds")):
        yield Reference(usage.GROUP, group, "VpcConfig.SecurityGroupIds")
    for spelling in ("kmsKeyArn", "KMSKeyArn"):
        yield Reference(usage.KEY, get(described, spelling), "KMSKeyArn")


def of_package(described: Mapping[str, Any]) -> Iterator[Reference]:
    """The group that a model package belongs to, and the images and artifacts that it is made of."""
    yield Reference(usage.PACKAGE_GROUP, get(described, "modelPackageGroupName"), "ModelPackageGroupName")
    for container in items(get(described, "inferenceSpecification", "containers")):
        yield Reference(usage.IMAGE, get(container, "image"), "InferenceSpecification.Containers[].Image")
        for where, url in _artifacts(container):
            yield Reference(usage.ARTIFACT, url, f"InferenceSpecification.Containers[].{where}")


def _containers(described: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    primary = get(described, "primaryContainer")
    if primary:
        yield "PrimaryContainer", primary
    for container in items(get(described, "containers")):
        yield "Containers[]", container


def _artifacts(container: Any) -> Iterator[tuple[str, Any]]:
    yield "ModelDataUrl", get(container, "modelDataUrl")
    sources = [("ModelDataSource", get(container, "modelDataSource"))]
    sources += [("AdditionalModelDataSources[]", one) for one in items(get(container, "additionalModelDataSources"))]
    for where, source in sources:
        if isinstance(source, Unknown):
            yield where, source
            continue
        for spelling in ("s3DataSources", "s3DataSource"):
            for one in items(get(source, spelling)):
                url = get(one, "s3Uri")
                prefix = get(one, "s3DataType") == "S3Prefix" and isinstance(url, str) and not url.endswith("/")
                yield f"{where}.S3DataSource.S3Uri", f"{url}/" if prefix else url
                yield f"{where}.S3DataSource.ManifestS3Uri", get(one, "manifestS3Uri")


REFERENCES: dict[str, Callable[[Mapping[str, Any]], Iterator[Reference]]] = {
    usage.ENDPOINT: of_endpoint,
    usage.CONFIGURATION: of_configuration,
    usage.MODEL: of_model,
    usage.FUNCTION: of_function,
    usage.PACKAGE: of_package,
}


def record(graph: UsageGraph, user: Node, references: Iterable[Reference], *, account: str, region: str) -> list[Node]:
    """Enter known `references` of `user` into the graph, with what follows from them; returns the nodes referred to."""
    used: list[Node] = []
    for reference in references:
        if not reference.value or not isinstance(reference.value, str):
            continue
        one = node(reference.kind, reference.value, account=account, region=region)
        graph.add(user, one, reference.field)
        used.append(one)
        follow(graph, one, reference.value)
    return used


def follow(graph: UsageGraph, one: Node, text: str) -> None:
    """What a reference implies by its text alone: an artifact lies in a bucket, an image in a repository."""
    if one.kind == usage.ARTIFACT:
        location = parse_s3(text)
        if location:
            graph.add(one, usage.Node(usage.BUCKET, location.bucket), "bucket of the artifact")
    elif one.kind == usage.IMAGE:
        image = parse_image(text)
        if image.is_ecr:
            graph.add(one, node(usage.REPOSITORY, image.repository_arn), "repository of the image")
    elif one.kind in {usage.KEY, usage.ROLE, usage.SECRET}:
        graph.add_node(one, text=text)
