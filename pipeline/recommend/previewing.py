"""
Whether recommendation jobs would reach what they need, looked at in the preview of what they run in.

What `up` makes itself isn't there yet, or is being changed by it: what is found of it is advice. So is what changes by
itself, free addresses and quotas. What is somebody else's refuses, because no `up` will mend it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from knowledge.recommendations import instances_at_once
from pipeline.errors import PipelineError
from pipeline.recommend import checks, of_stack
from pipeline.recommend import ground as names
from pipeline.recommend.jobs import Jobs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from findings.finding import Finding
    from guards.live import Account
    from pipeline.stack_file import StackFile

OVER: Final = "recommender-jobs-are-over"
CHANGING: Final = {names.ADDRESSES, names.QUOTA}
OF_NETWORK: Final = {names.NETWORK, names.ROUTES, names.POLICY, names.DNS}
OF_ROLE: Final = {names.ROLE, names.ARTIFACT, names.IMAGE, names.PAYLOAD, names.KEYS}


def look(file: StackFile, chosen: Mapping[str, Any], made: Mapping[str, Any], account: Account) -> list[Finding]:
    """
    All findings; none for a stack without the setting `recommender`.

    Args:
        file: the stack's settings.
        chosen: those of this run alone.
        made: the outputs of its last `up`.
        account: to be asked.

    Raises:
        PipelineError: the setting can't be used.

    """
    wanted = of_stack.wanted_of(file, chosen)
    if wanted is None:
        return []
    settings = wanted.recommender
    ground = wanted.ground(made)
    tests = len(settings.combinations()) or None
    found = checks.findings(account, replace(ground, instances=instances_at_once(tests, settings.parallel)))
    if not made and ground.makes_endpoint:  # the first `up`: nobody needs to hear of what it makes
        found = [one for one in found if not (one.name == names.ROUTES and one.advisory)]
    mild = set(CHANGING)
    mild |= OF_NETWORK if wanted.own_network else set()
    mild |= OF_ROLE if settings.role is None else set()
    mild |= {names.GROUPS} if settings.security_groups is None else set()
    if not (settings.version or wanted.given.get("modelPackage")):
        mild |= {names.VERSION}
    theirs = {names.IMAGE}  # a stack makes no repository, and its role never limits to a VPC
    theirs |= {names.PAYLOAD} if settings.bucket else set()
    theirs |= set() if names.VERSION in mild else {names.ARTIFACT}
    return [
        _weighed(one, advisory=one.outcome == "unknown" or (one.name in mild and not _limited(one, theirs)))
        for one in found
    ]


def _limited(one: Finding, theirs: set[str]) -> bool:
    """Whether somebody else's policy lets it through only from a VPC, which no `up` mends."""
    return one.name in theirs and names.LIMITED in one.message


def still_running(file: StackFile, account: Account) -> list[Finding]:
    """
    The stack's jobs that aren't over, when what they run in is to be destroyed.

    Args:
        file: the stack's settings.
        account: to be asked.

    """
    wanted = of_stack.wanted_of(file, {})
    if wanted is None:
        return []
    try:
        running = [one["JobName"] for one in Jobs(account, simulated=False).running(wanted.name)]
    except PipelineError as error:
        return [names.finding(OVER, "unknown", f"Whether recommendation jobs run isn't known: {error}", advisory=True)]
    return [
        names.finding(
            OVER,
            "violated",
            f"Recommendation job {one} is running in what is to be destroyed: it would cost until it fails, and nobody "
            "would see it.",
            fix=f"Stop it (holdfast recommend --stop {one} --stack {file.stack}), or wait until it is over.",
        )
        for one in running
    ]


def _weighed(finding: Finding, *, advisory: bool) -> Finding:
    return replace(finding, resource_name="recommender", advisory=finding.advisory or advisory)
