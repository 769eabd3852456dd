"""What the account holds, looked up in moto's own state: roles, objects, images, keys, subnets and groups.

Nothing here changes anything or answers a caller; what a missing thing means is for others to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.account.neighbours import Neighbours

_ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^@:]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


@dataclass(frozen=True)
class ImageReference:
    """An image in ECR: `<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:tag][@sha256:...]`."""

    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def named(self) -> str:
        """The reference as it is written."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        name = f"{self.account}.dkr.ecr.{self.region}.amazonaws.com{suffix}/{self.repository}"
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def repository_arn(self) -> str:
        """ARN of the repository that the image lies in."""
        return f"arn:{partition(self.region)}:ecr:{self.region}:{self.account}:repository/{self.repository}"

    def resolved(self, digest: str) -> str:
        """The same image by digest, as DescribeEndpoint's `ResolvedImage` writes it."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com{suffix}/{self.repository}@{digest}"


def partition(region: str) -> str:
    """The partition (`aws`, `aws-cn`, ...) of a region."""
    from moto.utilities.utils import get_partition

    return str(get_partition(region))


def image_reference(image: str) -> ImageReference | None:
    """What an image string refers to in ECR; None when it lies in another registry."""
    match = _ECR.match(image)
    if match is None:
        return None
    tag = match["tag"] or (None if match["digest"] else "latest")
    return ImageReference(match["account"], match["region"], match["repository"], tag, match["digest"])


def s3_location(url: str) -> tuple[str, str] | None:
    """Bucket and key of `s3://...` or of an `https://` address of S3; None for anything else."""
    match = re.match(r"^s3://([^/]+)/(.+)$", url)
    if match is None:
        match = re.match(r"^https://s3[.-][^/]*amazonaws\.com(?:\.cn)?/([^/]+)/(.+)$", url)
    if match is None:
        match = re.match(r"^https://([^/]+?)\.s3[.-][^/]*amazonaws\.com(?:\.cn)?/(.+)$", url)
    return (match[1], match[2]) if match else None


@dataclass
class Holdings:
    """The resources of one account, as moto has them; `neighbours` are the accounts that it can ask."""

    account: str
    neighbours: Neighbours | None = None

    def role(self, arn: str) -> Any | None:
        """Moto's Role of that ARN, or None; a role of another account counts as missing."""
        from moto.iam.models import iam_backends

        for role in iam_backends[self.account]["aws"].roles.values():
            if role.arn == arn:
                return role
        return None

    def bucket(self, name: str) -> Any | None:
        """Moto's bucket of that name, if this account owns it."""
        from moto.s3.models import s3_backends

        return s3_backends[self.account]["aws"].buckets.get(name)

    def object(self, bucket: str, key: str) -> Any | None:
        """Moto's newest version of an object, or None (deleted, hidden by a delete marker, no such bucket)."""
        from moto.s3.models import FakeKey

        held = self.bucket(bucket)
        found = held.keys.get(key) if held is not None else None
        return found if isinstance(found, FakeKey) else None

    def objects(self, bucket: str, prefix: str) -> list[Any]:
        """The objects whose keys begin with a prefix, by key."""
        from moto.s3.models import FakeKey

        held = self.bucket(bucket)
        if held is None:
            return []
        return [key for name, key in sorted(held.keys.items()) if name.startswith(prefix) and isinstance(key, FakeKey)]

    def repository(self, reference: ImageReference) -> Any | None:
        """Moto's repository of an image of this account."""
        from moto.ecr.models import ecr_backends

        return ecr_backends[self.account][reference.region].repositories.get(reference.repository)

    def repository_policy(self, region: str, name: str) -> str | None:
        """The policy of a repository; None where it has none, or isn't there."""
        from moto.ecr.models import ecr_backends

        held = ecr_backends[self.account][region].repositories.get(name)
        return held.policy if held is not None else None

    def repositories(self, region: str) -> list[str]:
        """Names of the repositories of a region."""
        from moto.ecr.models import ecr_backends

        return list(ecr_backends[self.account][region].repositories)

    def image(self, reference: ImageReference) -> Any | None:
        """Moto's image for a reference of this account: by digest if it has one, else by tag."""
        repository = self.repository(reference)
        if repository is None:
            return None
        for image in repository.images:
            if reference.digest:
                if image.get_image_digest() == reference.digest:
                    return image
            elif reference.tag in image.image_tags:
                return image
        return None

    def key(self, named: str, region: str) -> Any | None:
        """Moto's KMS key for an id, ARN, alias or alias ARN; None if there is none, or none that this Region can name.

        KMS serves the keys of its own Region and partition alone. AWS's own keys (`alias/aws/...`) and keys of other
        accounts can't be judged from here: `ForeignKey` stands for them.
        """
        from moto.kms.models import kms_backends

        name = named
        if named.startswith("arn:"):
            _, of, service, there, account, name = (*named.split(":", 5), "", "", "", "", "")[:6]
            if (of, service, there) != (partition(region), "kms", region):
                return None
            if account != self.account:
                return ForeignKey(named)
        if name.startswith("alias/aws/"):
            return ForeignKey(named)
        name = name.removeprefix("key/")
        for key in kms_backends[self.account][region].keys.values():
            if name == key.id or name in key.aliases:
                return key
        return None

    @staticmethod
    def managed_by_aws(key: Any) -> bool:
        """Whether one of moto's keys is one that AWS manages for a service (`alias/aws/...`)."""
        return any(name.startswith("alias/aws/") for name in key.aliases)

    def subnet(self, subnet_id: str, region: str) -> Any | None:
        """Moto's subnet of that id, or None."""
        from moto.ec2.models import ec2_backends

        for zone in ec2_backends[self.account][region].subnets.values():
            if subnet_id in zone:
                return zone[subnet_id]
        return None

    def security_group(self, group_id: str, region: str) -> Any | None:
        """Moto's security group of that id, or None."""
        from moto.ec2.models import ec2_backends

        for groups in ec2_backends[self.account][region].groups.values():
            if group_id in groups:
                return groups[group_id]
        return None

    def alarm(self, name: str, region: str) -> Any | None:
        """Moto's CloudWatch alarm of that name, or None."""
        from moto.cloudwatch.models import cloudwatch_backends

        return cloudwatch_backends[self.account][region].alarms.get(name)

    def function(self, named: str, region: str) -> Any | None:
        """Moto's Lambda function of that name or ARN, or None."""
        from moto.awslambda.models import UnknownFunctionException, lambda_backends

        try:
            return lambda_backends[self.account][region].get_function(named)
        except (UnknownFunctionException, KeyError, ValueError):
            return None

    def secret(self, named: str, region: str) -> Any | None:
        """Moto's secret of that name or ARN; None when there is none, or when it is being deleted."""
        from moto.secretsmanager.models import secretsmanager_backends

        for secret in secretsmanager_backends[self.account][region].secrets.values():
            if named in (secret.arn, secret.name) and not secret.is_deleted():
                return secret
        return None

    def interface_endpoint(self, vpc_id: str, service: str, region: str) -> Any | None:
        """Moto's interface endpoint of a service (`com.amazonaws.<region>.lambda`) in a VPC, or None."""
        from moto.ec2.models import ec2_backends

        for endpoint in ec2_backends[self.account][region].vpc_end_points.values():
            kind, state = str(endpoint.vpc_endpoint_type), str(endpoint.state).lower()
            named = (endpoint.vpc_id, endpoint.service_name) == (vpc_id, service)
            if named and kind == "Interface" and state == "available":
                return endpoint
        return None

    def endpoints_of(self, vpc_id: str, service: str, region: str) -> list[Any]:
        """Moto's endpoints of a service in a VPC, gateways and interfaces alike, that are available."""
        from moto.ec2.models import ec2_backends

        held = ec2_backends[self.account][region].vpc_end_points
        return [
            held[name]
            for name in sorted(held)
            if (held[name].vpc_id, held[name].service_name) == (vpc_id, service)
            and str(held[name].state).lower() == "available"
        ]

    def leads_out(self, subnet_id: str, vpc_id: str, region: str) -> bool:
        """Whether a subnet's routes have a default one that takes no public address (host-vpc)."""
        from moto.ec2.models import ec2_backends

        tables = [each for each in ec2_backends[self.account][region].route_tables.values() if each.vpc_id == vpc_id]
        own = [each for each in tables if any(one.get("SubnetId") == subnet_id for one in each.associations)]
        main = [each for each in tables if each.main_association_id]
        for table in (own or main)[:1]:
            for route in table.routes:
                ways = (route.nat_gateway, route.transit_gateway, route.interface, route.instance, route.vpc_pcx)
                if route.destination_cidr_block == "0.0.0.0/0" and any(ways):
                    return True
        return False


@dataclass(frozen=True)
class ForeignKey:
    """A KMS key that isn't this account's own: AWS's, or another account's. It counts as usable."""

    arn: str
    key_state: str = "Enabled"
