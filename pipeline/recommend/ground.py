"""What the checks before a job look at, what they are called, and how they say what they found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from findings.finding import Finding, Outcome
from knowledge.instance_storage import has_local_storage

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION: Final = "recommended-version-is-registered"
ADDRESSES: Final = "recommender-subnets-have-addresses"
NETWORK: Final = "recommender-network-is-one"
ROUTES: Final = "recommender-reaches-amazon-s3"
POLICY: Final = "recommender-s3-endpoint-lets-through"
DNS: Final = "recommender-resolves-amazon-s3"
GROUPS: Final = "recommender-groups-let-out"
ROLE: Final = "recommender-role-has-permissions"
ARTIFACT: Final = "recommended-artifact-is-not-limited-to-a-vpc"
IMAGE: Final = "recommended-image-is-not-limited-to-a-vpc"
PAYLOAD: Final = "recommender-payload-is-not-limited-to-a-vpc"
KEYS: Final = "recommender-role-may-use-keys"
QUOTA: Final = "recommender-types-have-quota"
_NETWORK: Final = (ADDRESSES, NETWORK, ROUTES, POLICY, DNS, GROUPS)
CHECKS: Final = (VERSION, *_NETWORK, ROLE, ARTIFACT, IMAGE, PAYLOAD, KEYS, QUOTA)


LIMITED: Final = "through only from a VPC"
"""What is said of a policy that limits to a VPC; nothing that a stack makes has one."""


@dataclass(frozen=True)
class Ground:
    """
    What is looked at; what isn't there yet (because `up` makes it) is empty, and its checks are left out.

    Args:
        version: ARN of the registered version.
        role: ARN of the jobs' role.
        subnets: of the jobs.
        groups: of the jobs.
        bucket: that keeps the payload.
        instances: of the job's largest step.
        types: instance types that are named.
        makes_endpoint: whether `up` makes the gateway endpoint.
        key: the KMS key of the payload and of what the job writes.

    """

    version: str = ""
    role: str = ""
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    bucket: str = ""
    instances: int = 1
    types: tuple[str, ...] = ()
    makes_endpoint: bool = False
    key: str = ""

    @property
    def volume_key(self) -> str:
        """The key of the endpoints' volumes."""
        return volume_key(self.key, self.types)


def volume_key(key: str, types: Iterable[str]) -> str:
    """The key of the endpoints' volumes: one for all types, so none where a type has local storage.

    SageMaker takes no key for it, and the instance encrypts it by itself (CreateEndpointConfig, KmsKeyId).
    """
    return "" if any(has_local_storage(each) for each in types) else key


def finding(name: str, outcome: Outcome, message: str, *, fix: str = "", advisory: bool = False) -> Finding:
    """A check's finding."""
    return Finding(
        source="check", name=name, outcome=outcome, severity="high", message=message, fix=fix, advisory=advisory
    )
