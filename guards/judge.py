"""Which uses count at which moment: the table of docs/guards.md ("When a change is judged").

At the end of a run this stack's endpoints have moved: what they will use counts, and what all others do use. In the
middle, and for changes in place, what any endpoint does or will use counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from guards import kinds, usage
from guards.encryption import enter, planned_encryption
from guards.readings import Reading
from guards.surroundings import (
    BEHIND_FUNCTIONS,
    BEHIND_PACKAGES,
    NETWORK,
    add_functions,
    add_networks,
    add_packages,
    planned_functions,
    planned_tables,
)
from guards.usage import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from guards.live import Account
    from guards.plan import Plan
    from guards.usage import Gap, Path, UsageGraph

_POLL_SECONDS = 2.0
_MOST_SECONDS = 1800.0
_BEHIND_KEYS = frozenset({usage.KEY, usage.ALIAS})
_OF_NO_REGION = frozenset({usage.ROLE, usage.BUCKET, usage.ARTIFACT})
"""What endpoints of every Region may use."""
_NONE: frozenset[Node] = frozenset()


class Verdict:
    """The uses of something that count now.

    `paths`: paths of use; `unknown`: what could not be read; `undecided`: what isn't known before `up`.
    """

    def __init__(self, graph: UsageGraph, nodes: Sequence[Node], beyond: frozenset[Node]) -> None:
        self.graph = graph
        self.paths: list[Path] = []
        self.unknown: list[Gap] = []
        self.undecided: list[Gap] = []
        for one in nodes:
            for path in graph.users_of(one, beyond=beyond):
                if path not in self.paths:
                    self.paths.append(path)
            for gap in graph.open_gaps(one.kind, beyond=beyond):
                kept = self.undecided if gap.decided_later else self.unknown
                if gap not in kept:
                    kept.append(gap)


class Judge:
    """Combines plan and account.

    Arguments:
        plan: what this run has said.
        account: gives the account to read; called only when something has to be judged.
        dry_run: a preview reads the account once; `up` asks right before each act.
        program_done: whether all registrations have been made.
        elsewhere: gives the other Regions to read, for what isn't of one Region alone.

    """

    def __init__(
        self,
        plan: Plan,
        account: Callable[[], Account],
        *,
        dry_run: bool,
        program_done: Callable[[], bool],
        elsewhere: Callable[[], list[Account]] = list,
    ) -> None:
        self.plan = plan
        self.account = account
        self.dry_run = dry_run
        self.program_done = program_done
        self._elsewhere = elsewhere
        self._accounts: list[Account] | None = None
        self._live = Reading(self._read_live, once=dry_run)
        self._others = Reading(self._read_others, once=dry_run)

    def live(self) -> UsageGraph:
        """The live graph. A preview reads it once; at `up` it is one whose reading began after it was asked for."""
        return self._live.get()

    def _read_live(self) -> UsageGraph:
        if not self.dry_run:
            self.account().forget()
        return self.account().graph()

    def _read_others(self) -> list[UsageGraph]:
        """What the endpoints of other Regions use."""
        if self._accounts is None:
            self._accounts = self._elsewhere()
        for one in self._accounts:
            one.forget()
        return [one.graph().as_of(one.region) for one in self._accounts]

    def uses(self, *, end: bool, about: frozenset[str]) -> UsageGraph:
        """The graph that counts, at the `end` of the run or before; `about`: the kinds asked about, to read no more."""
        live = self.live()
        account = self.account()
        counted = live.without_uses_of(self._moved(live) if end and self.dry_run else _NONE)
        counted.merge(self.plan.graph(live, account.look_up, account=account.identity()[0], region=account.region))
        if about & _OF_NO_REGION:
            for other in self._others.get():
                counted.merge(other)
        self._planned_aliases(counted)
        at_the_end = end and self.dry_run
        if about & BEHIND_PACKAGES and counted.nodes(usage.PACKAGE):
            add_packages(account, counted)
        if about & BEHIND_FUNCTIONS and counted.nodes(usage.FUNCTION):
            add_functions(account, counted, about, but=planned_functions(self.plan) if at_the_end else _NONE)
        if about & _BEHIND_KEYS:
            planned = planned_encryption(self.plan, counted, account) if self.dry_run else {}
            enter(counted, planned, self.plan, account)
            account.add_keys(counted, but=frozenset(planned) if end else _NONE)
        if about & NETWORK:
            add_networks(account, counted, tables=planned_tables(self.plan) if at_the_end else None)
        return counted

    @property
    def leaving(self) -> frozenset[Node]:
        """Endpoints that a preview counts as gone; at `up` the account says which are."""
        return self.plan.leaving_endpoints() if self.dry_run else _NONE

    def path(self, graph: UsageGraph, one: Node) -> Path | None:
        """The shortest path from something to an endpoint that uses it; None when nobody does."""
        paths = graph.users_of(one, beyond=self.leaving)
        return paths[0] if paths else None

    def _planned_aliases(self, graph: UsageGraph) -> None:
        for registration in self.plan.of(kinds.ALIAS):
            name, target = self.plan.name(registration.urn), registration.inputs.get("targetKeyId")
            if name and isinstance(target, str) and target:
                graph.add(Node(usage.ALIAS, name), usage.node(usage.KEY, target), "target of the alias")

    def _moved(self, live: UsageGraph) -> frozenset[Node]:
        """The stack's endpoints that will have left their live configuration when the end of the run comes.

        Only when state and account agree: after a roll-back that nobody noticed they don't, and then both count.
        """
        moved: set[Node] = set()
        for name, registration in self.plan.endpoints().items():
            one = Node(usage.ENDPOINT, name)
            described = live.facts.get(one, {}).get("live")
            if not described or described.get("PendingDeploymentSummary"):
                continue
            serving = described["EndpointConfigName"]
            update = self.plan.updated.get(registration.urn)
            before = update.old("endpointConfigName") if update else registration.inputs.get("endpointConfigName")
            if before == serving:
                moved.add(one)
        return frozenset(moved)

    def ask(self, nodes: Sequence[Node], *, end: bool) -> Verdict:
        """Who uses `nodes`; at `up` endpoints that are just being deleted are waited for, up to 30 minutes."""
        about = frozenset(one.kind for one in nodes)
        deadline = time.monotonic() + _MOST_SECONDS
        while True:
            graph = self.uses(end=end, about=about)
            wanted = [*nodes, *self._prefixes(graph, nodes)]
            verdict = Verdict(graph, wanted, self.leaving)
            leaving = self.plan.leaving_endpoints()
            waiting = not self.dry_run and verdict.paths and all(path.nodes[-1] in leaving for path in verdict.paths)
            if not waiting or time.monotonic() > deadline:
                return verdict
            time.sleep(_POLL_SECONDS)

    @staticmethod
    def _prefixes(graph: UsageGraph, nodes: Sequence[Node]) -> list[Node]:
        """Artifacts given as a prefix that hold one of the objects asked about."""
        asked = [one.identity for one in nodes if one.kind == usage.ARTIFACT]
        return [
            one
            for one in graph.nodes(usage.ARTIFACT)
            if asked and one.identity.endswith("/") and any(text.startswith(one.identity) for text in asked)
        ]
