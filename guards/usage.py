"""Who uses what: endpoint -> configuration -> model -> artifact, image, role, network, keys, each edge with its field.

The graph knows nothing of where its edges come from: `guards.live` reads them from the account, `guards.plan` from the
registrations of the run. Names, ARNs, ids and aliases of one thing are one node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge import arns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENDPOINT = "endpoint"
CONFIGURATION = "endpoint configuration"
MODEL = "model"
ARTIFACT = "artifact"
BUCKET = "bucket"
DEFAULT_ENCRYPTION = "default encryption of bucket"
IMAGE = "image"
REPOSITORY = "repository"
ROLE = "role"
KEY = "key"
ALIAS = "alias"
SUBNET = "subnet"
GROUP = "security group"
VPC = "VPC"
ROUTE_TABLE = "route table"
VPC_ENDPOINT = "VPC endpoint"
FUNCTION = "function"
SECRET = "secret"  # noqa: S105 - a kind of thing, no password
PACKAGE = "model package"
PACKAGE_GROUP = "model package group"

_MOST_PATHS = 20
_OF_NO_REGION = frozenset({ROLE, BUCKET, ARTIFACT, IMAGE, REPOSITORY})
"""What is named alike from every Region (a repository's name holds its own)."""
_REGISTRY = re.compile(r"^\d{12}\.[a-z0-9-]+/")
_SECRET_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


class Node(NamedTuple):
    """One thing: its kind and its normalised identity (a URN while its physical name isn't known)."""

    kind: str
    identity: str

    def __str__(self) -> str:
        name = self.identity.rsplit("::", 1)[-1] if self.identity.startswith("urn:pulumi:") else self.identity
        return name if self.kind == ALIAS else f"{self.kind} {name}"


@dataclass(frozen=True)
class Gap:
    """Something whose uses could not be read: nodes of `kinds` may be used through it, and nobody can tell."""

    at: Node
    kinds: frozenset[str]
    reason: str
    decided_later: bool = False
    """A value of the plan that isn't known before `up`, rather than a read that failed."""


def node(kind: str, text: str, *, account: str = "", region: str = "") -> Node:  # noqa: C901 - case by case
    """The node that `text` (name, id, ARN, URL, image reference) means; `account`, `region` are those of the reader.

    Something of another account keeps its ARN as identity, so that equal names don't meet.
    """
    arn = arns.parse(text)
    if kind == KEY and _alias_in(text):
        return Node(ALIAS, _alias_in(text))
    if kind in {KEY, SUBNET, GROUP, VPC, ALIAS, ROUTE_TABLE, VPC_ENDPOINT}:
        return Node(kind, arn.name if arn else text)
    if kind in {FUNCTION, PACKAGE_GROUP, SECRET}:
        return Node(kind, _own_name(kind, text, arn, account))
    if kind == IMAGE:
        return Node(IMAGE, text)
    if kind == REPOSITORY:
        if arn:
            return Node(REPOSITORY, f"{arn.account}.{arn.region}/{arn.name}")
        return Node(REPOSITORY, text if _REGISTRY.match(text) else f"{account}.{region}/{text}")
    if kind == ARTIFACT:
        location = arns.parse_s3(text)
        return Node(ARTIFACT, f"{location.bucket}/{location.key}" if location else text)
    if kind == BUCKET:
        location = arns.parse_s3(text)
        return Node(BUCKET, location.bucket if location else (arn.resource if arn else text))
    if kind == ROLE:
        if arn and account and arn.account != account:
            return Node(ROLE, text)
        return Node(ROLE, arns.last_segment(text))
    if kind in {ENDPOINT, CONFIGURATION, MODEL} and arn:
        return Node(kind, arn.name)
    return Node(kind, text)


def _own_name(kind: str, text: str, arn: arns.Arn | None, account: str) -> str:
    """The name in an ARN of a function, secret or package group; another account's keeps its ARN."""
    if arn is None:
        return text
    if account and arn.account != account:
        return text
    if kind == FUNCTION:  # without the version or alias that may follow
        return arn.name.partition(":")[0]
    return _SECRET_SUFFIX.sub("", arn.name) if kind == SECRET else arn.name


def _alias_in(text: str) -> str:
    arn = arns.parse(text)
    resource = arn.resource if arn else text
    return resource if resource.startswith("alias/") else ""


class Path(NamedTuple):
    """One path of use, from the thing asked about (first) up to an endpoint (last), with the fields between them."""

    nodes: tuple[Node, ...]
    fields: tuple[str, ...]

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""
        return self.nodes[-1].identity

    def texts(self) -> tuple[str, ...]:
        """As in a finding: `key 1234`, `endpoint configuration x (KmsKeyId)`, `endpoint y (EndpointConfigName)`."""
        head = (str(self.nodes[0]),)
        return head + tuple(f"{user} ({by})" for user, by in zip(self.nodes[1:], self.fields, strict=True))

    def __str__(self) -> str:
        return " <- ".join(self.texts())


@dataclass
class UsageGraph:
    """Uses as a directed graph from the user to the used."""

    gaps: list[Gap] = field(default_factory=list)
    facts: dict[Node, dict[str, Any]] = field(default_factory=dict)
    """What is known of a node besides its uses: its ARN, its description."""

    def __post_init__(self) -> None:
        import networkx as nx

        self._graph: Any = nx.DiGraph()

    def add(self, user: Node, used: Node, by: str) -> None:
        """Record that `user` uses `used`, by its field `by` (`ProductionVariants[].ModelName`)."""
        if user == used:
            return
        if self._graph.has_edge(user, used):
            self._graph.edges[user, used]["by"].setdefault(by)
        else:
            self._graph.add_edge(user, used, by={by: None})

    def add_node(self, one: Node, **facts: Any) -> None:
        """Record a node and what is known of it."""
        self._graph.add_node(one)
        self.facts.setdefault(one, {}).update(facts)

    def add_gap(self, at: Node, kinds: Iterable[str], reason: str, *, decided_later: bool = False) -> None:
        """Record that what `at` uses of `kinds` could not be read."""
        self.gaps.append(Gap(at, frozenset(kinds), reason, decided_later))

    def default_encryption(self, bucket: Node) -> Node | None:
        """The default encryption of a bucket as a node of its own, used by who writes there; None when nobody does.

        Who only reads from the bucket reads what is encrypted with the object's key.
        """
        writers = self.direct_users(bucket, CONFIGURATION)
        one = Node(DEFAULT_ENCRYPTION, bucket.identity)
        for writer in writers:
            for by in self.by(writer, bucket):
                self.add(writer, one, by)
        return one if writers else None

    def __contains__(self, one: Node) -> bool:
        return one in self._graph

    def nodes(self, *kinds: str) -> list[Node]:
        """All nodes of `kinds` (all when none is given), sorted."""
        return sorted(one for one in self._graph if not kinds or one.kind in kinds)

    def used_by(self, user: Node, *kinds: str) -> list[Node]:
        """What `user` uses directly."""
        if user not in self._graph:
            return []
        return sorted(one for one in self._graph.successors(user) if not kinds or one.kind in kinds)

    def direct_users(self, used: Node, *kinds: str) -> list[Node]:
        """What uses `used` directly."""
        if used not in self._graph:
            return []
        return sorted(one for one in self._graph.predecessors(used) if not kinds or one.kind in kinds)

    def by(self, user: Node, used: Node) -> list[str]:
        """The fields by which `user` uses `used`."""
        return list(self._graph.edges[user, used]["by"])

    def edges(self) -> Iterator[tuple[Node, Node, str]]:
        """All uses: user, used, fields."""
        for user, used, data in self._graph.edges(data=True):
            yield user, used, ", ".join(data["by"])

    def users_of(self, used: Node, *, beyond: frozenset[Node] = frozenset()) -> list[Path]:
        """Paths from `used` to every endpoint that uses it, shortest first, at most 20; `beyond` are left out."""
        import networkx as nx

        if used not in self._graph:
            return []
        reverse = self._graph.reverse(copy=False)
        targets = {one for one in nx.descendants(reverse, used) if one.kind == ENDPOINT and one not in beyond}
        if not targets:
            return []
        found = islice(nx.all_simple_paths(reverse, used, targets), _MOST_PATHS)
        paths = [
            Path(tuple(one), tuple(", ".join(self._graph.edges[b, a]["by"]) for a, b in pairwise(one))) for one in found
        ]
        return sorted(paths, key=lambda path: (len(path.nodes), path.nodes))

    def open_gaps(self, kind: str, *, beyond: frozenset[Node] = frozenset()) -> list[Gap]:
        """Gaps on the way of some endpoint that might hide a use of `kind`."""
        return [
            gap
            for gap in self.gaps
            if kind in gap.kinds
            and ((gap.at.kind == ENDPOINT and gap.at not in beyond) or self.users_of(gap.at, beyond=beyond))
        ]

    def merge(self, other: UsageGraph) -> None:
        """Take over everything `other` knows."""
        for user, used, data in other._graph.edges(data=True):
            for by in data["by"]:
                self.add(user, used, by)
        for one, facts in other.facts.items():
            self.add_node(one, **facts)
        self.gaps += [gap for gap in other.gaps if gap not in self.gaps]

    def as_of(self, region: str) -> UsageGraph:
        """The graph of another Region for use in this one: what is of that Region alone says so in its name."""

        def there(one: Node) -> Node:
            return one if one.kind in _OF_NO_REGION else Node(one.kind, f"{one.identity} ({region})")

        made = UsageGraph(gaps=[Gap(there(gap.at), gap.kinds, gap.reason, gap.decided_later) for gap in self.gaps])
        for user, used, data in self._graph.edges(data=True):
            for by in data["by"]:
                made.add(there(user), there(used), by)
        made.facts = {there(one): dict(facts) for one, facts in self.facts.items()}
        return made

    def without_uses_of(self, users: frozenset[Node]) -> UsageGraph:
        """A copy in which `users` use nothing."""
        copy = UsageGraph(gaps=[gap for gap in self.gaps if gap.at not in users], facts=dict(self.facts))
        for user, used, data in self._graph.edges(data=True):
            if user not in users:
                for by in data["by"]:
                    copy.add(user, used, by)
        return copy
