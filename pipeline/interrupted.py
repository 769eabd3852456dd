"""What an interrupted run leaves behind: creations that nobody knows the end of, and deletions of what is in use again.

An engine that is killed while it creates something can't say whether AWS did. Pulumi notes such a creation in the state
as a pending operation and doesn't take it up again: a resource whose name is fixed (an endpoint, an alias) then stands
in its own way, and one whose name is generated is orphaned. Most can be found again by their name, which the noted
inputs tell, or by what they belong to (a subnet by its VPC and addresses): they are taken into the state as if they had
been created, and the refresh that follows drops those that are not there. (`pulumi refresh --import-pending-creates`
does it id by id.) What has neither (a VPC, a KMS key) may be somebody else's: it is named and left alone.

A roll to another artifact that stops half-way leaves the old object to be deleted later. Whoever goes back then has
the same object (its key is its content's digest) twice in the state: live, and to be deleted. The guards refuse to
delete it for ever; it is the same thing, so the deletion is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Client = Callable[[], Any]

# How the id of a type follows from its inputs: `{name}` stands for an input. Source: the import section of each
# resource's page in the Pulumi registry (aws).
IDS = {
    "aws:sagemaker/model:Model": "{name}",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "{name}",
    "aws:sagemaker/endpoint:Endpoint": "{name}",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "{modelPackageGroupName}",
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": "{modelPackageGroupName}",
    "aws:iam/role:Role": "{name}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:kms/alias:Alias": "{name}",
    "aws:kms/keyPolicy:KeyPolicy": "{keyId}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "aws:s3/bucketVersioning:BucketVersioning": "{bucket}",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "{bucket}",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "{bucket}",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "{bucket}",
    "aws:s3/bucketPolicy:BucketPolicy": "{bucket}",
    "aws:s3/bucketObjectv2:BucketObjectv2": "{key}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "{name}",
    "aws:cloudwatch/logGroup:LogGroup": "{name}",
    "aws:ecr/repository:Repository": "{name}",
    "aws:lambda/function:Function": "{name}",
}


def _only(found: list[dict[str, Any]], name: str) -> str | None:
    """The id of the one that was found; None for none, and for several, which could be anybody's."""
    return str(found[0][name]) if len(found) == 1 else None


def _filters(**values: Any) -> list[dict[str, Any]]:
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


def _subnet(ec2: Any, inputs: Mapping[str, Any], _: set[str]) -> str | None:
    filters = _filters(vpc_id=inputs["vpcId"], cidr_block=inputs["cidrBlock"])
    return _only(ec2.describe_subnets(Filters=filters)["Subnets"], "SubnetId")


def _group(ec2: Any, inputs: Mapping[str, Any], _: set[str]) -> str | None:
    filters = _filters(vpc_id=inputs["vpcId"], group_name=inputs["name"])
    return _only(ec2.describe_security_groups(Filters=filters)["SecurityGroups"], "GroupId")


def _route_table(ec2: Any, inputs: Mapping[str, Any], known: set[str]) -> str | None:
    tables = ec2.describe_route_tables(Filters=_filters(vpc_id=inputs["vpcId"]))["RouteTables"]
    made = [
        table
        for table in tables
        if table["RouteTableId"] not in known and not any(one.get("Main") for one in table["Associations"])
    ]
    return _only(made, "RouteTableId")


def _association(ec2: Any, inputs: Mapping[str, Any], _: set[str]) -> str | None:
    tables = ec2.describe_route_tables(RouteTableIds=[inputs["routeTableId"]])["RouteTables"]
    made = [one for table in tables for one in table["Associations"] if one.get("SubnetId") == inputs["subnetId"]]
    return _only(made, "RouteTableAssociationId")


def _vpc_endpoint(ec2: Any, inputs: Mapping[str, Any], known: set[str]) -> str | None:
    filters = _filters(vpc_id=inputs["vpcId"], service_name=inputs["serviceName"])
    found = ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    return _only([one for one in found if one["VpcEndpointId"] not in known], "VpcEndpointId")


_RULE = {
    "ipProtocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
}


def _rule(*, egress: bool) -> Callable[[Any, Mapping[str, Any], set[str]], str | None]:
    def find(ec2: Any, inputs: Mapping[str, Any], _: set[str]) -> str | None:
        rules = ec2.describe_security_group_rules(Filters=_filters(group_id=inputs["securityGroupId"]))
        made = [
            rule
            for rule in rules["SecurityGroupRules"]
            if rule["IsEgress"] == egress
            and all(str(rule.get(theirs)) == str(inputs[ours]) for ours, theirs in _RULE.items() if inputs.get(ours))
            and (rule.get("ReferencedGroupInfo") or {}).get("GroupId") == inputs.get("referencedSecurityGroupId")
        ]
        return _only(made, "SecurityGroupRuleId")

    return find


# Types that are found by what of this stack's they belong to. Source: EC2's Describe operations and their filters.
FINDERS: dict[str, Callable[[Any, Mapping[str, Any], set[str]], str | None]] = {
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ec2/securityGroup:SecurityGroup": _group,
    "aws:ec2/routeTable:RouteTable": _route_table,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(egress=True),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(egress=False),
}


@dataclass
class Interrupted:
    """What is to be done about the pending operations of a state.

    Attributes:
        deployment: the exported deployment, with what can be found again taken in.
        adopted: URNs of creations that were taken in; a refresh finds out whether they are there.
        lost: URNs of creations that can't be found by name; if AWS made them, nothing here knows of them.
        dropped: URNs of deletions that were to come, of what is live under the same id.

    """

    deployment: dict[str, Any]
    adopted: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.adopted or self.lost or self.dropped)


def taken_up(deployment: dict[str, Any], ec2: Client | None = None) -> Interrupted:
    """A deployment (`deployment` of an exported stack) with its interrupted creations taken in.

    `ec2` gives a client of EC2 in the stack's region, when something has to be looked for there.

    Updates and deletions that were interrupted need nothing: their resources are in the state, and a refresh sees what
    became of them.
    """
    pending = deployment.get("pending_operations") or []
    creations = [one["resource"] for one in pending if one.get("type") == "creating"]
    resources = list(deployment.get("resources") or [])
    live = {_identity(row) for row in resources if not row.get("delete")}
    again = [row for row in resources if row.get("delete") and row.get("id") and _identity(row) in live]
    if not creations and not again:
        return Interrupted(deployment)
    made = Interrupted(dict(deployment), dropped=[row["urn"] for row in again])
    resources = [row for row in resources if not any(row is one for one in again)]
    there = {row["urn"] for row in resources if not row.get("delete")}
    for row in creations:
        if not row.get("custom"):
            continue  # a component: there is nothing of it in AWS
        id_ = _id(row, ec2, {str(one.get("id")) for one in resources})
        if id_ is None:
            made.lost.append(row["urn"])
            continue
        if row["urn"] in there:
            # The creation belongs to a replacement: the old one keeps its place, and the new one goes at the end of
            # the next run, before or after that one has made its own.
            row = {**row, "delete": True}  # noqa: PLW2901
        else:
            there.add(row["urn"])
        made.adopted.append(row["urn"])
        # Marks of defaults are no outputs; the rest of what was asked is what it has until the refresh has read it.
        outputs = {name: value for name, value in (row.get("inputs") or {}).items() if name != "__defaults"}
        resources.append({**row, "id": id_, "outputs": outputs})
    kept = [one for one in pending if one.get("type") != "creating"]
    made.deployment = {**deployment, "resources": resources, "pending_operations": kept}
    return made


def _identity(row: dict[str, Any]) -> tuple[str, str, str]:
    """What tells a resource from all others in AWS: type and id; an object's id is only its key."""
    return row.get("type", ""), str(row.get("id", "")), str((row.get("outputs") or {}).get("bucket", ""))


def _id(row: dict[str, Any], ec2: Client | None, known: set[str]) -> str | None:
    """The id that a creation has given, or would have; None where that can't be told."""
    type_, inputs = row.get("type", ""), row.get("inputs") or {}
    if any(value == _UNKNOWN for value in inputs.values()):
        return None
    try:
        if type_ in FINDERS:
            return FINDERS[type_](ec2(), inputs, known) if ec2 is not None else None
        return IDS[type_].format_map(inputs)
    except KeyError:
        return None


_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # what Pulumi writes for a value that wasn't known yet
