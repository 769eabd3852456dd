"""The live truth: what the account's endpoints really use, read with boto3.

Nothing here decides. What could not be read (access denied, throttled to the end, timed out, another account) is an
`AccountUnknown` or a gap in the graph, never "not used". An endpoint deleted while it is read is simply gone.
APIs: SageMaker ListEndpoints, DescribeEndpoint, DescribeEndpointConfig, DescribeModel; KMS ListAliases; S3 HeadObject,
GetBucketEncryption, ListObjectsV2; ECR DescribeRepositories; EC2 DescribeSubnets, DescribeSecurityGroups; STS
GetCallerIdentity. (IAM is read in `guards.rights`.)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from guards import references, usage
from guards.calls import READERS, Calls
from guards.errors import AccountUnknown
from guards.plan import usage_below
from guards.usage import UsageGraph, node
from knowledge import arns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from guards.usage import Node

_PAGE = 100
"""Endpoints a page: the most that ListEndpoints gives; unasked it gives ten."""
_SETTLED = "InService"
_SAME = ("EndpointArn", "EndpointStatus", "CreationTime", "LastModifiedTime")
"""What a list says of an endpoint and its description too: when nothing of it differs, nothing has changed."""
_DESCRIBED_BY = {
    usage.FUNCTION: ("lambda", "get_function_configuration", "FunctionName"),
    usage.PACKAGE: ("sagemaker", "describe_model_package", "ModelPackageName"),
}


class Account(Calls):
    """What the endpoints of one account and region use. Arguments: those of `guards.calls.Calls`."""

    def __init__(self, session: Any = None, region: str | None = None) -> None:
        super().__init__(session, region)
        self._described: dict[str, dict[str, Any]] = {}

    def in_region(self, region: str) -> Account:
        """The same account in another Region, asked through the same session."""
        other = Account(self._boto(), region)
        other._lock, other._identity = self._lock, self.identity()
        return other

    def endpoint(self, name: str) -> dict[str, Any] | None:
        """DescribeEndpoint, never remembered; None when there is none of that name."""
        answer: dict[str, Any] | None = self.ask("sagemaker", "describe_endpoint", EndpointName=name)
        return answer

    def _as_listed(self, summary: dict[str, Any]) -> dict[str, Any] | None:
        """The description of an endpoint in a list; one that was in service and hasn't been modified since is known.

        Every update sets LastModifiedTime, and while it goes on the status is another (EndpointSummary in the API).
        """
        name = summary["EndpointName"]
        known = self._described.get(name)
        if known is None or summary["EndpointStatus"] != _SETTLED or any(known[key] != summary[key] for key in _SAME):
            known = self.endpoint(name)
            if known is None:
                self._described.pop(name, None)
            else:
                self._described[name] = known
        return known

    def configuration(self, name: str) -> dict[str, Any] | None:
        """DescribeEndpointConfig."""
        answer: dict[str, Any] | None = self.remembered(
            usage.CONFIGURATION,
            name,
            read=lambda: self.ask("sagemaker", "describe_endpoint_config", EndpointConfigName=name),
        )
        return answer

    def model(self, name: str) -> dict[str, Any] | None:
        """DescribeModel."""
        answer: dict[str, Any] | None = self.remembered(
            usage.MODEL, name, read=lambda: self.ask("sagemaker", "describe_model", ModelName=name)
        )
        return answer

    def look_up(self, kind: str, name: str) -> dict[str, Any] | None:
        """Describes a configuration, model, model package or function; None when there is none of that name.

        A function of another account can't be described from here: it uses nothing of this one.
        """
        if kind == usage.CONFIGURATION:
            return self.configuration(name)
        if kind == usage.MODEL:
            return self.model(name)
        if kind == usage.FUNCTION and arns.is_arn(name):
            return {}
        service, operation, parameter = _DESCRIBED_BY[kind]
        answer: dict[str, Any] | None = self.remembered(
            kind, name, read=lambda: self.ask(service, operation, **{parameter: name})
        )
        return answer

    # --- the graph ----------------------------------------------------------------------------------------------

    def graph(self) -> UsageGraph:
        """Every endpoint of the account and Region and what it uses, as far as SageMaker itself says."""
        graph = UsageGraph()
        listed = self.pages("sagemaker", "list_endpoints", "Endpoints", MaxResults=_PAGE)
        with ThreadPoolExecutor(READERS, "holdfast-read") as readers:
            endpoints = [one for one in readers.map(self._as_listed, listed) if one is not None]
            configurations: set[str] = set()
            for described in endpoints:
                one = node(usage.ENDPOINT, described["EndpointName"])
                graph.add_node(one, arn=described.get("EndpointArn"), live=described)
                configurations |= {used.identity for used in self._record(graph, one, described)}
            self.describe(graph, configurations, readers)
        return graph

    def describe(self, graph: UsageGraph, configurations: Iterable[str], readers: ThreadPoolExecutor) -> None:
        """Enter configurations and their models into the graph."""
        models: set[str] = set()
        wanted = sorted(configurations)
        for name, described in zip(wanted, readers.map(self.configuration, wanted), strict=True):
            one = node(usage.CONFIGURATION, name)
            if described is None:
                graph.add_gap(one, usage_below(usage.CONFIGURATION), _gone_under(graph, one))
                continue
            graph.add_node(one, arn=described.get("EndpointConfigArn"), described=described)
            models |= {used.identity for used in self._record(graph, one, described) if used.kind == usage.MODEL}
        listed = sorted(models)
        for name, described in zip(listed, readers.map(self.model, listed), strict=True):
            one = node(usage.MODEL, name)
            if described is None:
                graph.add_gap(one, usage_below(usage.MODEL), _gone_under(graph, one))
                continue
            graph.add_node(one, arn=described.get("ModelArn"), described=described)
            self._record(graph, one, described)

    def _record(self, graph: UsageGraph, user: Node, described: dict[str, Any]) -> list[Node]:
        found = references.REFERENCES[user.kind](described)
        return references.record(graph, user, found, account=self.identity()[0], region=self.region)

    def add_keys(self, graph: UsageGraph, *, but: frozenset[Node] = frozenset()) -> None:
        """Enter which keys stand behind aliases, artifacts, buckets that are written to, and repositories.

        Arguments:
            graph: where to.
            but: artifacts and buckets whose encryption this run decides; the account isn't asked for it.

        """
        listed = self.remembered(usage.ALIAS, read=lambda: self.pages("kms", "list_aliases", "Aliases"))
        aliases = {one["AliasName"]: one.get("TargetKeyId") for one in listed}
        for alias in graph.nodes(usage.ALIAS):
            if aliases.get(alias.identity):
                graph.add(alias, node(usage.KEY, aliases[alias.identity]), "target of the alias")
        for kind, read in (
            (usage.ARTIFACT, self._artifact_key),
            (usage.BUCKET, self._default_key),
            (usage.REPOSITORY, self._repository_key),
        ):
            for one in graph.nodes(kind):
                if one.identity.startswith("urn:pulumi:") or one in but:
                    continue
                user = graph.default_encryption(one) if kind == usage.BUCKET else one
                if user is None:
                    continue
                try:
                    key, by = self.remembered(kind, one.identity, read=partial(read, one))
                except AccountUnknown as error:
                    graph.add_gap(user, {usage.KEY, usage.ALIAS}, str(error))
                    continue
                if key:
                    used = node(usage.KEY, key)
                    graph.add(user, used, by)
                    graph.add_node(used, text=key)
                    if used.kind == usage.ALIAS and aliases.get(used.identity):
                        graph.add(used, node(usage.KEY, aliases[used.identity]), "target of the alias")

    def _artifact_key(self, artifact: Node) -> tuple[str | None, str]:
        bucket, _, key = artifact.identity.partition("/")
        if not key or key.endswith("/"):
            listed = self.ask("s3", "list_objects_v2", Bucket=bucket, Prefix=key, MaxKeys=1) or {}
            objects = listed.get("Contents", [])
            if not objects:
                return None, ""
            key = objects[0]["Key"]
        head = self.ask("s3", "head_object", Bucket=bucket, Key=key) or {}
        return head.get("SSEKMSKeyId"), "SSE-KMS key of the object"

    def default_key(self, bucket: Node) -> tuple[str | None, str]:
        """The key of the bucket's default encryption (None where there is none), and in which field it stands."""
        found: tuple[str | None, str] = self.remembered(
            usage.BUCKET, bucket.identity, read=partial(self._default_key, bucket)
        )
        return found

    def _default_key(self, bucket: Node) -> tuple[str | None, str]:
        answer = self.ask("s3", "get_bucket_encryption", Bucket=bucket.identity)
        rules = (answer or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
        for rule in rules:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            if default.get("KMSMasterKeyID"):
                return default["KMSMasterKeyID"], "SSE-KMS key"
        return None, ""

    def _repository_key(self, repository: Node) -> tuple[str | None, str]:
        registry, _, name = repository.identity.partition("/")
        account, _, region = registry.partition(".")
        if region != self.region:
            return None, ""  # its key is in that Region too, so it is none of those judged here
        answer = self.ask("ecr", "describe_repositories", registryId=account, repositoryNames=[name]) or {}
        for one in answer.get("repositories", []):
            return one.get("encryptionConfiguration", {}).get("kmsKey"), "encryption of the repository"
        return None, ""


def _gone_under(graph: UsageGraph, one: Node) -> str:
    """What can't be read because it is gone, and what to do about it."""
    names = " and ".join(dict.fromkeys(path.endpoint for path in graph.users_of(one)))
    return (
        f"{one} no longer exists, so what endpoint {names} uses can't be read. Move that endpoint to a configuration "
        "that is there, or delete it"
    )


def read_account(session: Any = None, region: str | None = None) -> UsageGraph:
    """The whole live usage graph of one account and Region; raises AccountUnknown when it can't be read.

    Arguments:
        session: a boto3 session; None takes the default chain.
        region: the Region to read; None takes the session's.

    """
    account = Account(session, region)
    graph = account.graph()
    complete(account, graph)
    return graph


def complete(account: Account, graph: UsageGraph) -> None:
    """Enter everything into a live graph that SageMaker itself doesn't say: packages, functions, keys, networks."""
    from guards.surroundings import BEHIND_FUNCTIONS, add_functions, add_networks, add_packages

    add_packages(account, graph)
    add_functions(account, graph, BEHIND_FUNCTIONS)
    account.add_keys(graph)
    add_networks(account, graph)
