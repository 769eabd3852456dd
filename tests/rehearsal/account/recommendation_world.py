"""What a recommendation job needs, put into an account: a registered version, a payload, a network, a role."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from account_world import REGION, TRUST, image_layer, put_ground

from rehearsal.account.recommendations.network import PERMISSIONS

if TYPE_CHECKING:
    from account_world import World

SERVICE = f"com.amazonaws.{REGION}.s3"
PAYLOAD = image_layer({"rows.csv": b"5.1,3.5,1.4,0.2"})[0]
PHASES = {
    "TrafficType": "PHASES",
    "Phases": [{"InitialNumberOfUsers": 1, "SpawnRate": 3, "DurationInSeconds": 300}],
}
STAIRS = {"TrafficType": "STAIRS", "Stairs": {"DurationInSeconds": 600, "NumberOfSteps": 5, "UsersPerStep": 2}}
OVER = ("COMPLETED", "FAILED", "STOPPED")


@dataclass
class Ground:
    """Ids and names of what a job needs in one account."""

    world: World
    name: str
    made: dict[str, Any]
    package: str = ""
    vpc: str = ""
    subnets: list[str] = field(default_factory=list)
    table: str = ""
    endpoint: str = ""
    prefix_list: str = ""
    group: str = ""
    role: str = ""
    asked: int = 0

    @property
    def network(self) -> dict[str, list[str]]:
        """The VpcConfig of a job."""
        return {"Subnets": self.subnets, "SecurityGroupIds": [self.group]}

    def grant(self, actions: list[str], **more: Any) -> None:
        """What the job's role may do in EC2."""
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*", **more}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam = self.world.client("iam")
        iam.put_role_policy(RoleName=self.name, PolicyName="network", PolicyDocument=json.dumps(document))

    def ask(self, name: str, *types: str, vpc: bool = True, kind: str = "Advanced", **changes: Any) -> str:
        """CreateInferenceRecommendationsJob; changes to InputConfig, or (as `request`) to the request itself."""
        config: dict[str, Any] = {"ModelPackageVersionArn": self.package}
        if types:
            config["EndpointConfigurations"] = [{"InstanceType": each} for each in types]
        if vpc:
            config["VpcConfig"] = self.network
        request: dict[str, Any] = {"JobName": name, "JobType": kind, "RoleArn": self.role}
        if kind == "Advanced":
            config["TrafficPattern"] = PHASES
            request["StoppingConditions"] = {"MaxInvocations": 30000}
        request |= changes.pop("request", {})
        request["InputConfig"] = {key: value for key, value in (config | changes).items() if value is not None}
        return str(self.world.sagemaker.create_inference_recommendations_job(**request)["JobArn"])

    def describe(self, name: str) -> dict[str, Any]:
        """DescribeInferenceRecommendationsJob."""
        return dict(self.world.sagemaker.describe_inference_recommendations_job(JobName=name))

    def steps(self, name: str, **more: Any) -> list[dict[str, Any]]:
        """ListInferenceRecommendationsJobSteps."""
        return list(self.world.sagemaker.list_inference_recommendations_job_steps(JobName=name, **more)["Steps"])

    def wait(self, name: str) -> dict[str, Any]:
        """Moves the clock on until a job is over, and returns its description."""
        for _ in range(400):
            described = self.describe(name)
            if described["Status"] in OVER:
                return described
            self.world.account.advance(300)
        raise AssertionError(f"job {name} stays {described['Status']}")

    def run(self, name: str, *types: str, **changes: Any) -> dict[str, Any]:
        """A job from its creation to its end."""
        self.ask(name, *(types or ("ml.m5.large",)), **changes)
        return self.wait(name)

    def reason(self, *types: str, **changes: Any) -> str:
        """Why a job fails; all of it has."""
        done = self.run(self.unused(), *types, **changes)
        assert done["Status"] == "FAILED", done
        assert [each["Status"] for each in self.steps(done["JobName"])] == ["FAILED"]
        assert "InferenceRecommendations" not in done
        return str(done["FailureReason"])

    def works(self, **changes: Any) -> None:
        """A job is completed."""
        done = self.run(self.unused(), **changes)
        assert done["Status"] == "COMPLETED", done.get("FailureReason")

    def unused(self) -> str:
        """A job's name that nobody has had."""
        self.asked += 1
        return f"job-{self.asked}"

    def interfaces(self) -> list[dict[str, Any]]:
        """The network interfaces in the subnets."""
        asked = [{"Name": "subnet-id", "Values": self.subnets}]
        return list(self.world.client("ec2").describe_network_interfaces(Filters=asked)["NetworkInterfaces"])

    def free(self) -> int:
        """Free addresses in the subnets."""
        described = self.world.client("ec2").describe_subnets(SubnetIds=self.subnets)["Subnets"]
        return sum(each["AvailableIpAddressCount"] for each in described)


def put_job_ground(world: World, name: str, block: str = "10.7.0.0") -> Ground:
    """Everything that a job in a VPC needs, called after `name`; two subnets of eleven free addresses each."""
    made = put_ground(world, name)
    ground = Ground(world, name, made, role=made["role"])
    s3, ec2, sagemaker = world.client("s3"), world.client("ec2"), world.sagemaker
    s3.put_object(Bucket=made["bucket"], Key="payload.tar.gz", Body=PAYLOAD)
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    ground.package = register(world, ground)
    prefix = block.rpartition(".")[0].rpartition(".")[0]
    ground.vpc = ec2.create_vpc(CidrBlock=f"{prefix}.0.0/16")["Vpc"]["VpcId"]
    ground.table = ec2.create_route_table(VpcId=ground.vpc)["RouteTable"]["RouteTableId"]
    for number in range(2):
        cidr = f"{prefix}.{number}.0/28"
        subnet = ec2.create_subnet(VpcId=ground.vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        ec2.associate_route_table(RouteTableId=ground.table, SubnetId=subnet)
        ground.subnets.append(subnet)
    ground.endpoint = put_endpoint(world, ground)
    ground.prefix_list = next(
        each["PrefixListId"] for each in ec2.describe_prefix_lists()["PrefixLists"] if each["PrefixListName"] == SERVICE
    )
    ground.group = ec2.create_security_group(GroupName=f"{name}-job", Description="job", VpcId=ground.vpc)["GroupId"]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=ground.group, IpPermissions=everything)
    ec2.authorize_security_group_egress(GroupId=ground.group, IpPermissions=[to_s3(ground), to_subnets(prefix)])
    ground.grant(list(PERMISSIONS))
    return ground


def put_endpoint(world: World, ground: Ground) -> str:
    """The gateway endpoint for S3 on the subnets' route table."""
    made = world.client("ec2").create_vpc_endpoint(
        VpcId=ground.vpc, ServiceName=SERVICE, VpcEndpointType="Gateway", RouteTableIds=[ground.table]
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def to_s3(ground: Ground) -> dict[str, Any]:
    """Egress to the prefix list of S3."""
    ports = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    return {**ports, "PrefixListIds": [{"PrefixListId": ground.prefix_list}]}


def to_subnets(prefix: str) -> dict[str, Any]:
    """Egress to the subnets' CIDR ranges."""
    return {"IpProtocol": "-1", "IpRanges": [{"CidrIp": f"{prefix}.{number}.0/28"} for number in range(2)]}


def register(world: World, ground: Ground, **changes: Any) -> str:
    """CreateModelPackage with what a job needs; changes to the request (`url`: the artifact's), None takes one away."""
    made = ground.made
    request: dict[str, Any] = {
        "ModelPackageGroupName": ground.name,
        "Domain": "MACHINE_LEARNING",
        "Task": "CLASSIFICATION",
        "SamplePayloadUrl": f"s3://{made['bucket']}/payload.tar.gz",
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": made["image"],
                    "ModelDataUrl": changes.pop("url", made["url"]),
                    "Framework": "SAGEMAKER-SCIKIT-LEARN",
                    "FrameworkVersion": "1.2",
                    "NearestModelName": "sagemaker-scikit-learn",
                }
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.c5.large", "ml.m5.large", "ml.t2.medium"],
        },
    }
    request = {key: value for key, value in (request | changes).items() if value is not None}
    return str(world.sagemaker.create_model_package(**request)["ModelPackageArn"])


def bucket_policy(bucket: str, condition: dict[str, Any]) -> str:
    """A policy that denies everybody an object where a condition holds."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


__all__ = ["OVER", "PAYLOAD", "PHASES", "STAIRS", "TRUST", "Ground", "bucket_policy", "put_job_ground", "register"]
