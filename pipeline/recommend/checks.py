"""
Before a job: will it reach what it needs? Looked up in the account, by `holdfast recommend` and in the preview.

Source: "Give Inference Recommender Jobs Access to Resources in Your Amazon VPC"; Service Quotas' "endpoint usage".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.policy_documents import MalformedDocumentError
from pipeline.recommend import ground as names
from pipeline.recommend import keys
from pipeline.recommend.getting import Getting
from pipeline.recommend.ground import QUOTA, finding
from pipeline.recommend.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from findings.finding import Finding
    from guards.live import Account
    from pipeline.recommend.ground import Ground

    Look = Callable[[], Iterator[Finding]]


def findings(account: Account, ground: Ground) -> list[Finding]:
    """
    One finding for each thing that was looked at; what one can't know stops no other.

    Args:
        account: to be asked.
        ground: what is looked at.

    """
    from guards.errors import AccountUnknown

    found: list[Finding] = []
    for name, look in _looks(account, ground):
        try:
            found += look()
        except AccountUnknown as error:
            found.append(finding(name, "unknown", f"Not knowable from here: {error}"))
        except MalformedDocumentError as error:
            found.append(finding(name, "unknown", f"A policy can't be read, so it isn't known: {error}"))
    return found


def _looks(account: Account, ground: Ground) -> Iterator[tuple[str, Look]]:
    network = Network(account, ground)
    getting = Getting(account, ground, network)
    if ground.version:
        yield names.VERSION, getting.version
    if ground.subnets:
        yield names.NETWORK, network.vpc
        yield names.ADDRESSES, network.addresses
        yield names.DNS, network.dns
        yield names.ROUTES, network.routes
    if ground.groups and ground.subnets:
        yield names.GROUPS, network.groups
    if ground.role:
        yield names.ROLE, getting.role
    if ground.role and ground.version:
        yield names.ARTIFACT, getting.artifacts
        yield names.IMAGE, getting.images
    if ground.role and ground.bucket:
        yield names.PAYLOAD, getting.payload
    if ground.role and (ground.version or ground.bucket or ground.key):
        yield names.KEYS, lambda: keys.looked(getting)
    if ground.types:
        yield QUOTA, lambda: _quota(account, ground)


def _quota(account: Account, ground: Ground) -> Iterator[Finding]:
    quotas = account.pages("service-quotas", "list_service_quotas", "Quotas", ServiceCode="sagemaker")
    allowed = {one["QuotaName"]: float(one["Value"]) for one in quotas}
    none = [each for each in ground.types if allowed.get(f"{each} for endpoint usage") == 0]
    if none:
        everything = len(none) == len(set(ground.types))
        yield finding(
            QUOTA,
            "violated",
            f"The account may have no {', '.join(none)} behind endpoints (Service Quotas: 0 for endpoint usage)"
            + ("." if everything else "; these tests would fail, and the others run."),
            advisory=not everything,
            fix="Ask for a higher quota in Service Quotas, or leave the type out of recommender.instanceTypes.",
        )
    else:
        yield finding(QUOTA, "passed", "The account's quotas let each of the instance types run.")
