"""Running the checks: every thing that an endpoint uses is looked at, and what is wrong is told endpoint by endpoint.

What could not be examined is told as such, never as healthy; the other checks go on.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from findings.finding import Finding
from guards import kinds, usage
from guards.errors import AccountUnknown
from guards.live import complete
from pipeline.doctor.check import Problem
from pipeline.doctor.examination import Examination, RegistryAccess

if TYPE_CHECKING:
    from collections.abc import Iterable

    from findings.finding import Outcome
    from guards.live import Account
    from guards.usage import Node, Path
    from pipeline.doctor.check import Check

_READERS = 8


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found out about one account and Region."""

    account: str
    region: str
    endpoints: dict[str, dict[str, Any]]
    """The name of every endpoint that was asked for, with its ARN and status."""
    there: tuple[str, ...]
    """The names of all endpoints that the account has."""
    findings: tuple[Finding, ...]

    def of(self, endpoint: str) -> list[Finding]:
        """What is wrong with one endpoint."""
        return [finding for finding in self.findings if finding.resource_name == endpoint]


def diagnose(
    account: Account,
    checks: Iterable[Check],
    endpoints: Iterable[str] = (),
    registries: RegistryAccess | None = None,
) -> Diagnosis:
    """
    Look at the endpoints of an account and Region, and at everything they use.

    Args:
        account: the account to ask.
        checks: what to look for.
        endpoints: names; none means all.
        registries: how private registries are looked at; None: by the public authorities.

    Raises:
        AccountUnknown: which endpoints there are, or what they use, could not be read.

    """
    graph = account.graph()
    complete(account, graph)
    examination = Examination(account, graph, registries or RegistryAccess())
    asked = [(check, one) for check in checks for one in graph.nodes(*check.kinds)]
    with ThreadPoolExecutor(_READERS, "holdfast-doctor") as readers:
        answers = list(readers.map(lambda pair: _examined(examination, *pair), asked))
    wanted = set(endpoints)
    found = [
        _finding(examination, check, path, problem, outcome)
        for (check, one), (problems, outcome) in zip(asked, answers, strict=True)
        if problems
        for path in examination.paths(one)
        for problem in problems
    ]
    return Diagnosis(
        account=account.identity()[0],
        region=account.region,
        endpoints={
            one.identity: {
                "arn": (live := examination.described(one) or {}).get("EndpointArn", ""),
                "status": live.get("EndpointStatus", ""),
            }
            for one in graph.nodes(usage.ENDPOINT)
            if not wanted or one.identity in wanted
        },
        there=tuple(sorted(one.identity for one in graph.nodes(usage.ENDPOINT))),
        findings=tuple(dict.fromkeys(one for one in found if not wanted or one.resource_name in wanted)),
    )


def _examined(examination: Examination, check: Check, one: Node) -> tuple[list[Problem], Outcome]:
    try:
        return list(check.examine(examination, one)), "violated"
    except AccountUnknown as error:
        return [Problem(f"{one} could not be examined. {error}")], "unknown"


def _finding(examination: Examination, check: Check, path: Path, problem: Problem, outcome: Outcome) -> Finding:
    live = examination.described(path.nodes[-1]) or {}
    return Finding(
        source="check",
        name=check.name,
        outcome=outcome,
        severity=problem.severity or check.severity,
        message=problem.message,
        resource_type=kinds.ENDPOINT,
        resource_name=path.endpoint,
        path=path.texts() if len(path.nodes) > 1 else (),
        fix=problem.fix,
        arn=live.get("EndpointArn", ""),
        advisory=problem.advisory,
    )
