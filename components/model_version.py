"""A version of a model in SageMaker's Model Registry: registered once, approved by somebody, never changed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from knowledge.model_packages import PENDING, Approval
from knowledge.model_versions import Container, Version, definition, problems

TYPE_NAME = "AWS::SageMaker::ModelPackage"


class VersionContainerArgs(TypedDict):
    """One container of a version."""

    image: pulumi.Input[str]
    """Reference of the image in Amazon ECR, by digest."""

    artifact_url: pulumi.Input[str]
    """S3 URL of its model.tar.gz; "" for a container without one."""

    environment: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]] | None]
    """Its variables: at most 100, names and values of at most 1024 characters."""

    hostname: NotRequired[str]
    """Its name in a pipeline (ContainerHostname)."""


class ModelVersionArgs(TypedDict):
    """What a ModelVersion is made from. Limits: `knowledge.model_versions`."""

    group: pulumi.Input[str]
    """Name of the group, or its ARN where it is another account's."""

    containers: Sequence[VersionContainerArgs]
    """One container, or the 2 to 15 of an inference pipeline in the order in which they are asked."""

    content_types: Sequence[str]
    """Media types of requests (SupportedContentTypes)."""

    response_types: Sequence[str]
    """Media types of answers (SupportedResponseMIMETypes)."""

    instance_types: Sequence[str]
    """What it may be deployed on (SupportedRealtimeInferenceInstanceTypes)."""

    transform_instance_types: NotRequired[Sequence[str]]
    """What it may be batch-transformed on."""

    description: NotRequired[str]
    """At most 1024 characters (ModelPackageDescription)."""

    metrics: NotRequired[Mapping[str, str]]
    """S3 URLs of its metrics by kind: modelQuality, dataQuality, bias, explainability, ..."""

    metadata: NotRequired[Mapping[str, str]]
    """Properties of your own (CustomerMetadataProperties). A change of these alone is made in place."""

    commit: NotRequired[str]
    """Commit of the source (MetadataProperties.CommitId)."""

    repository: NotRequired[str]
    """Repository of the source (MetadataProperties.Repository)."""

    artifact_digest: NotRequired[str]
    """SHA-256 of the artifact, in hexadecimal, where it is known."""

    artifact_key_arn: NotRequired[pulumi.Input[str] | None]
    """ARN of the KMS key that encrypts the artifacts: who deploys the version reads it from there."""

    approval: NotRequired[Approval]
    """PendingManualApproval unless told otherwise: somebody approves it (`holdfast approve`). Changes in place."""

    approval_description: NotRequired[str]
    """Why, at most 1024 characters. Changes in place."""

    after: NotRequired[Sequence[pulumi.Resource]]
    """What has to be there before: the artifact's bucket, other accounts' access to it."""


class ModelVersion(pulumi.ComponentResource):
    """
    A model package in a group, by `aws.cloudcontrol.Resource` (pulumi-aws has no resource of its own for it).

    A version can't be changed: another definition (ClientToken follows from it) registers the next version, and the
    same one registers none, also when two runs ask at once. Older versions stay in the registry (`retain_on_delete`);
    approvals made elsewhere stay as they are.
    """

    arn: pulumi.Output[str]
    """ARN of the version; known once it is registered."""

    def __init__(self, name: str, args: ModelVersionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:ModelVersion", name, {}, opts)
        self.version = aws.cloudcontrol.Resource(
            name,
            type_name=TYPE_NAME,
            desired_state=desired_state(args),
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=False, retain_on_delete=True, depends_on=args.get("after")
            ),
        )
        self.arn = self.version.id
        self.register_outputs({"arn": self.arn})


def desired_state(args: ModelVersionArgs) -> pulumi.Output[str]:
    """The JSON of AWS::SageMaker::ModelPackage; raises ValueError for what AWS would refuse."""
    containers = [
        {
            "image": each["image"],
            "artifact": each["artifact_url"],
            "environment": each.get("environment") or {},
            "hostname": each.get("hostname", ""),
        }
        for each in args["containers"]
    ]
    known = pulumi.Output.all(group=args["group"], containers=containers, key=args.get("artifact_key_arn"))
    return known.apply(lambda one: json.dumps(_state(args, one), sort_keys=True))


def _state(args: ModelVersionArgs, known: Mapping[str, Any]) -> dict[str, Any]:
    version = Version(
        group=known["group"],
        containers=tuple(Container(**each) for each in known["containers"]),
        content_types=tuple(args["content_types"]),
        response_types=tuple(args["response_types"]),
        instance_types=tuple(args["instance_types"]),
        transform_instance_types=tuple(args.get("transform_instance_types", ())),
        description=args.get("description", ""),
        metrics=args.get("metrics", {}),
        metadata=args.get("metadata", {}),
        commit=args.get("commit", ""),
        repository=args.get("repository", ""),
        artifact_digest=args.get("artifact_digest", ""),
        artifact_key=known["key"] or "",
    )
    if wrong := problems(version):
        raise ValueError("ModelVersion:\n" + "\n".join(f"  - {each}" for each in wrong))
    made = {**definition(version), "ModelApprovalStatus": args.get("approval", PENDING)}
    if text := args.get("approval_description"):
        made["ApprovalDescription"] = text
    return made
