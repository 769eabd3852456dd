"""The guarded resource types: which kind of thing each is, what names it, and whether two may exist side by side.

Types, ids and replacement behaviour are those of pulumi-aws 7 (SDK 7.51.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from guards import usage

MODEL = "aws:sagemaker/model:Model"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
KEY = "aws:kms/key:Key"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
REPLICA_KEY = "aws:kms/replicaKey:ReplicaKey"
EXTERNAL_KEY = "aws:kms/externalKey:ExternalKey"
REPLICA_EXTERNAL_KEY = "aws:kms/replicaExternalKey:ReplicaExternalKey"
ALIAS = "aws:kms/alias:Alias"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
OBJECT_V1 = "aws:s3/bucketObject:BucketObject"
OBJECT_COPY = "aws:s3/objectCopy:ObjectCopy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY = "aws:iam/policy:Policy"
EXCLUSIVE_ATTACHMENT = "aws:iam/policyAttachment:PolicyAttachment"
EXCLUSIVE_POLICIES = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
EXCLUSIVE_ATTACHMENTS = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
VPC = "aws:ec2/vpc:Vpc"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
VPC_ENDPOINT_ROUTES = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BUCKET_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_LIFECYCLE_V2 = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
REPOSITORY_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
GRANT = "aws:kms/grant:Grant"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a kind of thing, no password
PACKAGE_GROUP = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource"
MODEL_PACKAGE = "AWS::SageMaker::ModelPackage"
"""The type that a CLOUD_CONTROL resource must be of; all others are none of the guards' business."""


@dataclass(frozen=True)
class Kind:
    """How the guards treat one resource type.

    Arguments:
        node: kind of its node in the usage graph; "" for what has no users of its own (policies, attachments).
        side_by_side: AWS lets the new one exist before the old one goes, so a replacement is made in that order.
        tagged: it takes the tag `holdfast:guarded`.
        announced: the guards hear of its creation, because others are found by the name that it gets, or because the
            creation itself may be refused. Each costs the engine a call.

    """

    node: str = ""
    side_by_side: bool = False
    tagged: bool = False
    announced: bool = False


GUARDED: dict[str, Kind] = {
    MODEL: Kind(usage.MODEL, side_by_side=True, announced=True),
    CONFIGURATION: Kind(usage.CONFIGURATION, side_by_side=True, announced=True),
    ENDPOINT: Kind(usage.ENDPOINT, announced=True),
    KEY: Kind(usage.KEY, side_by_side=True, tagged=True),
    **dict.fromkeys((REPLICA_KEY, EXTERNAL_KEY, REPLICA_EXTERNAL_KEY), Kind(usage.KEY, side_by_side=True, tagged=True)),
    KEY_POLICY: Kind(announced=True),
    ALIAS: Kind(usage.ALIAS, announced=True),
    BUCKET: Kind(usage.BUCKET, side_by_side=True, tagged=True),
    "aws:s3/bucketV2:BucketV2": Kind(usage.BUCKET, side_by_side=True, tagged=True),
    BUCKET_ENCRYPTION: Kind(announced=True),
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": Kind(announced=True),
    BUCKET_POLICY: Kind(announced=True),
    OBJECT: Kind(usage.ARTIFACT, side_by_side=True),
    OBJECT_V1: Kind(usage.ARTIFACT, side_by_side=True),
    OBJECT_COPY: Kind(usage.ARTIFACT, side_by_side=True),
    ROLE: Kind(usage.ROLE, side_by_side=True),
    ROLE_POLICY: Kind(side_by_side=True, announced=True),
    ATTACHMENT: Kind(side_by_side=True, announced=True),
    POLICY: Kind(side_by_side=True),
    EXCLUSIVE_ATTACHMENT: Kind(announced=True),
    EXCLUSIVE_POLICIES: Kind(announced=True),
    EXCLUSIVE_ATTACHMENTS: Kind(announced=True),
    REPOSITORY: Kind(usage.REPOSITORY, side_by_side=True, announced=True),
    REPOSITORY_POLICY: Kind(announced=True),
    SUBNET: Kind(usage.SUBNET),
    GROUP: Kind(usage.GROUP),
    VPC: Kind(usage.VPC),
    VPC_ENDPOINT: Kind(usage.VPC_ENDPOINT, announced=True),
    VPC_ENDPOINT_ROUTES: Kind(),
    ROUTE: Kind(announced=True),
    ROUTE_TABLE: Kind(usage.ROUTE_TABLE, side_by_side=True),
    ASSOCIATION: Kind(announced=True),
    GROUP_RULE: Kind(announced=True),
    EGRESS_RULE: Kind(announced=True),
    INGRESS_RULE: Kind(announced=True),
    BUCKET_LIFECYCLE: Kind(announced=True),
    BUCKET_LIFECYCLE_V2: Kind(announced=True),
    REPOSITORY_LIFECYCLE: Kind(announced=True),
    GRANT: Kind(side_by_side=True, announced=True),
    FUNCTION: Kind(usage.FUNCTION, side_by_side=True),
    PERMISSION: Kind(announced=True),
    SECRET: Kind(usage.SECRET, side_by_side=True),
    PACKAGE_GROUP: Kind(usage.PACKAGE_GROUP, announced=True),
    CLOUD_CONTROL: Kind(usage.PACKAGE, announced=True),
}

TYPES_OF: dict[str, frozenset[str]] = {
    node: frozenset(token for token, kind in GUARDED.items() if kind.node == node)
    for node in {kind.node for kind in GUARDED.values()}
    if node
}
"""Resource types by kind of node."""

DEFAULT_ENCRYPTION = frozenset(token for token in GUARDED if "/bucketServerSideEncryptionConfiguration" in token)
"""Types that say what a bucket encrypts with by default."""

# The property that is the physical name, where one of the inputs is.
_NAMED_BY = {
    usage.ENDPOINT: "name",
    usage.CONFIGURATION: "name",
    usage.MODEL: "name",
    usage.ROLE: "name",
    usage.REPOSITORY: "name",
    usage.ALIAS: "name",
    usage.BUCKET: "bucket",
    usage.FUNCTION: "name",
    usage.SECRET: "name",
    usage.PACKAGE_GROUP: "modelPackageGroupName",
}

# Which types an unknown reference of a kind may come from.
SOURCES_OF: dict[str, frozenset[str]] = {
    **TYPES_OF,
    usage.KEY: TYPES_OF[usage.KEY] | TYPES_OF[usage.ALIAS],
    usage.ARTIFACT: TYPES_OF[usage.ARTIFACT] | TYPES_OF[usage.BUCKET],
    usage.IMAGE: TYPES_OF[usage.REPOSITORY] | {"aws:ecr/repository:Repository"},
}


def named_by(token: str) -> str:
    """The property that is the physical name of a resource of this type, where one of the inputs is."""
    return _NAMED_BY.get(GUARDED.get(token, Kind()).node, "name")


def type_of(urn: str) -> str:
    """The resource type in a URN (the last of its qualified type)."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) > 2 else ""  # noqa: PLR2004 - urn:pulumi:stack::project::type::name


def name_of(urn: str) -> str:
    """The logical name in a URN (it may hold `::`)."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) > 3 else urn  # noqa: PLR2004 - see type_of


def urn_of(stack: str, project: str, parent: str, token: str, name: str) -> str:
    """The URN of a resource that is being registered (the root stack leaves no trace in the qualified type)."""
    above = parent.split("::", 3)[2] if parent else ""
    qualified = f"{above}${token}" if above and above != "pulumi:pulumi:Stack" else token
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"
