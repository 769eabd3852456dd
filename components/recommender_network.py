"""
The network of Inference Recommender's jobs: the way to Amazon S3, a group that lets them use it, the right to be there.

Page: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC" (SageMaker Developer Guide,
inference-recommender-vpc-access).
"""

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import names
from components.account import Account, ask
from components.network import Network, open_to_storage
from components.session_manager_endpoints import route_table_of
from knowledge.permissions import document_of
from knowledge.recommendations import FULL_ACCESS, network_needs

MARK = "holdfast:recommender-network"
"""Tag of a gateway endpoint that this component made: by it a later run knows its own from somebody else's."""

ABSENT, SEVERAL = "no matching", "multiple"
"""How pulumi-aws says that a look-up for one found none, or several (SingularDataSourceFindError of its provider)."""


class RecommenderNetworkArgs(TypedDict):
    """What a RecommenderNetwork is made from. Without `network` and `subnet_ids` it makes a VPC of its own."""

    account: Account
    """Its region decides which Amazon S3 is meant."""

    network: NotRequired[Network]
    """The stack's own network, which has the way to Amazon S3 already."""

    subnet_ids: NotRequired[Sequence[str]]
    """Subnets of somebody else's VPC."""

    security_group_ids: NotRequired[Sequence[str]]
    """Groups of yours for the jobs. Then none is made, and yours must let out what the page asks for."""

    s3_endpoint: NotRequired[Literal["auto", "own", "existing"]]
    """The gateway endpoint in somebody else's VPC: made unless one is there (`auto`), made, or not made."""

    endpoint_policy: NotRequired[str]
    """Policy (JSON) of a gateway endpoint that is made; unset, it lets everything through, as the page says."""

    role_name: NotRequired[pulumi.Input[str]]
    """The jobs' role: it gets the eleven permissions."""

    role_managed_policies: NotRequired[Sequence[str]]
    """Names or ARNs of managed policies that the role has. AmazonSageMakerFullAccess holds the eleven already."""


class RecommenderNetwork(pulumi.ComponentResource):
    """
    Where recommendation jobs run.

    A gateway endpoint of Amazon S3 that is in the VPC already is never made a second time: AWS takes no second route to
    Amazon S3 in a table. With `auto` nothing is made then, and the one that is there serves, if its route tables are
    those of the subnets (`holdfast preview` and `holdfast recommend` look whether they are). Nothing of somebody
    else's VPC is changed: neither its endpoint, nor its tables, nor its groups, nor its DNS settings.
    """

    subnet_ids: list[pulumi.Input[str]]
    """The jobs' subnets, for VpcConfig."""

    security_group_ids: list[pulumi.Input[str]]
    """The jobs' groups, for VpcConfig."""

    endpoint: aws.ec2.VpcEndpoint | None
    """The gateway endpoint, if this made it."""

    def __init__(self, name: str, args: RecommenderNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:RecommenderNetwork", name, {}, opts)
        self._own = names.logical(f"{name}-recommender")
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._service = f"com.amazonaws.{args['account'].region}.s3"
        self.endpoint = None
        subnet_ids = args.get("subnet_ids")
        found = self._somebody_elses(subnet_ids) if subnet_ids else self._of_network(args.get("network"))
        given = args.get("security_group_ids")
        self.security_group_ids = [*given] if given else [self._make_group(*found).id]
        if "role_name" in args and not _grants_it_all(args.get("role_managed_policies", ())):
            aws.iam.RolePolicy(
                self._own,
                role=args["role_name"],
                policy=pulumi.Output.json_dumps(document_of(network_needs())),
                opts=self._child,
            )
        self.register_outputs({"subnetIds": self.subnet_ids, "securityGroupIds": self.security_group_ids})

    def _of_network(self, network: Network | None) -> tuple[pulumi.Input[str], list[str]]:
        """A network of ours has DNS on, and a gateway endpoint on the table of its subnets."""
        if network is None:
            made: dict[str, Any] = {"account": self._args["account"]}
            if "endpoint_policy" in self._args:
                made["endpoint_policy"] = self._args["endpoint_policy"]
            network = Network(self._own, made, opts=self._child)  # type: ignore[arg-type]
        self.subnet_ids = [*network.subnet_ids]
        return network.vpc_id, network.cidr_blocks

    # --- somebody else's VPC ------------------------------------------------------------------------------------

    def _somebody_elses(self, subnet_ids: Sequence[str]) -> tuple[pulumi.Input[str], list[str]]:
        self.subnet_ids = [*subnet_ids]
        found = [_subnet(each) for each in subnet_ids]
        vpcs = sorted({each.vpc_id for each in found})
        if len(vpcs) > 1:
            raise pulumi.RunError(
                f"The subnets of the recommendation jobs lie in several VPCs ({', '.join(vpcs)}); a job has one. Name "
                "subnets of one VPC. Nothing was changed."
            )
        if self._makes_endpoint(vpcs[0]):
            self._make_endpoint(vpcs[0], sorted({route_table_of(each.id, each.vpc_id) or "" for each in found} - {""}))
        return vpcs[0], [each.cidr_block for each in found]

    def _makes_endpoint(self, vpc_id: str) -> bool:
        """Whether there is none but ours."""
        wanted = self._args.get("s3_endpoint", "auto")
        if wanted != "auto":
            return wanted == "own"
        return self._is_there(vpc_id, {MARK: self._own}) or not self._is_there(vpc_id, None)

    def _is_there(self, vpc_id: str, tags: dict[str, str] | None) -> bool:
        try:
            aws.ec2.get_vpc_endpoint(
                vpc_id=vpc_id,
                service_name=self._service,
                filters=[{"name": "vpc-endpoint-type", "values": ["Gateway"]}],
                tags=tags,
                opts=pulumi.InvokeOptions(parent=self),
            )
        except Exception as error:  # the SDK raises nothing narrower
            if SEVERAL in str(error):
                return True
            if ABSENT in str(error):
                return False
            raise pulumi.RunError(
                f"AWS was asked for the gateway endpoint of Amazon S3 in {vpc_id}, and didn't say. Set "
                f"recommender.s3Endpoint to own or existing, and it isn't asked. Nothing was changed. {error}"
            ) from error
        return True

    def _make_endpoint(self, vpc_id: str, route_table_ids: list[str]) -> None:
        self.endpoint = aws.ec2.VpcEndpoint(
            self._own,
            vpc_id=vpc_id,
            service_name=self._service,
            vpc_endpoint_type="Gateway",
            route_table_ids=route_table_ids,
            policy=self._args.get("endpoint_policy"),
            tags={"Name": f"{self._own}-s3", MARK: self._own},
            opts=self._child,
        )

    # --- what the jobs' group lets out --------------------------------------------------------------------------

    def _make_group(self, vpc_id: pulumi.Input[str], blocks: list[str]) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            self._own,
            description=f"Recommendation jobs of {self._own}",
            vpc_id=vpc_id,
            tags={"Name": self._own},
            opts=self._child,
        )
        prefix_list = ask(
            "for the prefix list of Amazon S3",
            lambda: aws.ec2.get_prefix_list(name=self._service, opts=pulumi.InvokeOptions(parent=self)),
        )
        open_to_storage(self._own, group.id, prefix_list.id, self._child)
        for number, block in enumerate(dict.fromkeys(blocks), start=1):
            aws.vpc.SecurityGroupEgressRule(
                f"{self._own}-{number}",
                security_group_id=group.id,
                description="To the subnets of the jobs",
                cidr_ipv4=block,
                ip_protocol="-1",
                opts=self._child,
            )
        return group


def _subnet(subnet_id: str) -> aws.ec2.GetSubnetResult:
    return ask(f"about subnet {subnet_id} of the recommendation jobs", lambda: aws.ec2.get_subnet(id=subnet_id))


def _grants_it_all(managed_policies: Sequence[str]) -> bool:
    return any(each.rpartition("/")[2] == FULL_ACCESS for each in managed_policies)
