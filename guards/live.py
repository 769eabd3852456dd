"""The live truth: what the account's endpoints really use, read with boto3.

Nothing here decides. What could not be read (access denied, throttled to the end, timed out, another account) is an
`AccountUnknown` or a gap in the graph, never "not used". An endpoint deleted while it is read is simply gone.
APIs: SageMaker ListEndpoints, DescribeEndpoint, DescribeEndpointConfig, DescribeModel; KMS ListAliases; S3 HeadObject,
GetBucketEncryption, ListObjectsV2; ECR DescribeRepositories; EC2 DescribeSubnets, DescribeSecurityGroups; STS
GetCallerIdentity. (IAM is read in `guards.rights`.)
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from guards import references, usage
from guards.errors import AccountUnknown
from guards.plan import usage_below
from guards.usage import UsageGraph, node
from knowledge import arns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from guards.usage import Node

_READERS = 8
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_ATTEMPTS = 6
_IMMUTABLE = frozenset({usage.CONFIGURATION, usage.MODEL})
_DESCRIBED_BY = {
    usage.FUNCTION: ("lambda", "get_function_configuration", "FunctionName"),
    usage.PACKAGE: ("sagemaker", "describe_model_package", "ModelPackageName"),
}


_GONE = frozenset(
    {
        "404",
        "ImageNotFoundException",
        "LifecyclePolicyNotFoundException",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchLifecycleConfiguration",
        "NotFound",
        "NotFoundException",
        "RepositoryNotFoundException",
        "RepositoryPolicyNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""What AWS's services answer when a thing isn't there. EC2's codes (`InvalidSubnetID.NotFound`) have a form instead."""


def _gone(error: Exception) -> bool:
    """Whether AWS's answer means that the thing doesn't exist (SageMaker says so by a ValidationException)."""
    details = getattr(error, "response", {}).get("Error", {})
    code, text = details.get("Code", ""), details.get("Message", "").lower()
    if code in _GONE or (code.startswith("Invalid") and code.endswith(".NotFound")):
        return True
    return code == "ValidationException" and ("could not find" in text or "does not exist" in text)


class Account:
    """One account and region, read through one boto3 session.

    Arguments:
        session: a boto3 session; None takes boto3's default chain.
        region: where to look; None takes the session's region.

    """

    def __init__(self, session: Any = None, region: str | None = None) -> None:
        self._session = session
        self._wanted_region = region
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._identity: tuple[str, str] | None = None
        self._kept: dict[tuple[str, ...], Any] = {}
        self._epoch = 0

    # --- asking -------------------------------------------------------------------------------------------------

    @property
    def region(self) -> str:
        """The region that is read; raises AccountUnknown when none is set."""
        region = self._wanted_region or self._boto().region_name
        if not region:
            raise AccountUnknown(
                "The guards don't know which AWS Region to look in: set AWS_REGION to the Region of the stack."
            )
        return str(region)

    def _boto(self) -> Any:
        if self._session is None:
            import boto3

            self._session = boto3.session.Session()
        return self._session

    def client(self, service: str) -> Any:
        """A client of `service`, made once, with bounded waiting."""
        with self._lock:
            if service not in self._clients:
                from botocore.config import Config

                config = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"mode": "standard", "max_attempts": _ATTEMPTS},
                    max_pool_connections=_READERS * 2,
                )
                self._clients[service] = self._boto().client(service, region_name=self.region, config=config)
            return self._clients[service]

    def ask(self, service: str, operation: str, **parameters: Any) -> Any:
        """One call; None when the thing doesn't exist; raises AccountUnknown when no answer can be had."""
        import botocore.exceptions

        try:
            return getattr(self.client(service), operation)(**parameters)
        except botocore.exceptions.ClientError as error:
            if _gone(error):
                return None
            raise AccountUnknown(self._sentence(service, operation, parameters, error)) from error
        except botocore.exceptions.BotoCoreError as error:
            raise AccountUnknown(self._sentence(service, operation, parameters, error)) from error

    def _sentence(self, service: str, operation: str, parameters: dict[str, Any], error: Exception) -> str:
        call = f"{service}:{''.join(part.capitalize() for part in operation.split('_'))}"
        about = f" ({', '.join(str(value) for value in parameters.values())})" if parameters else ""
        details = getattr(error, "response", {}).get("Error", {})
        code = details.get("Code", type(error).__name__)
        step = "Run again; if it stays, check the connection to AWS."
        if "AccessDenied" in code or code in {"403", "UnauthorizedOperation", "ExpiredToken", "InvalidClientTokenId"}:
            step = f"Give the deploying identity {call}, or sign in again."
        elif "Throttl" in code or code in {"TooManyRequestsException", "RequestLimitExceeded"}:
            step = "AWS throttled the call to the end of the retries; run again later."
        elif code in {"NoCredentialsError", "CredentialRetrievalError", "NoRegionError"}:
            step = "Give boto3 the same credentials and Region as the aws provider (AWS_PROFILE, AWS_REGION)."
        message = " ".join(str(details.get("Message") or error).split())
        return f"{call}{about} answered {code}: {message.rstrip('.')}. {step}"

    def pages(self, service: str, operation: str, result: str, **parameters: Any) -> list[Any]:
        """All pages of a listing, in one list under `result`."""
        import botocore.exceptions

        found: list[Any] = []
        try:
            for page in self.client(service).get_paginator(operation).paginate(**parameters):
                found += page.get(result, [])
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            if _gone(error):
                return []
            raise AccountUnknown(self._sentence(service, operation, parameters, error)) from error
        return found

    def identity(self) -> tuple[str, str]:
        """Account id and partition of the session (GetCallerIdentity)."""
        with self._lock:
            if self._identity is None:
                answer = self.ask("sts", "get_caller_identity")
                arn = arns.parse(answer["Arn"])
                self._identity = (answer["Account"], arn.partition if arn else "aws")
            return self._identity

    def check(self, text: str) -> None:
        """Raise AccountUnknown when the ARN `text` belongs to another account, partition or region than is read."""
        arn = arns.parse(text)
        if arn is None:
            return
        account, partition = self.identity()
        if arn.partition != partition or (arn.account and arn.account != account):
            raise AccountUnknown(
                f"{text} is in account {arn.account} ({arn.partition}), but the guards' session is signed in to "
                f"account {account} ({partition}): who uses it can't be known. Give boto3 the same credentials as the "
                "aws provider (AWS_PROFILE, AWS_REGION or the variables of the role)."
            )
        if arn.region and arn.region != self.region:
            raise AccountUnknown(
                f"{text} is in Region {arn.region}, but the guards look in {self.region}: who uses it can't be "
                f"known. Set AWS_REGION={arn.region} for the run."
            )

    def check_bucket(self, bucket: str) -> None:
        """Raise AccountUnknown when the bucket is another account's (its ARN doesn't say); one that is gone passes."""
        self.ask("s3", "head_bucket", Bucket=bucket, ExpectedBucketOwner=self.identity()[0])

    def remembered(self, *key: str, read: Callable[[], Any]) -> Any:
        """What `read` answered the first time it found something."""
        return self._keep(key, read)

    def _keep(self, key: tuple[str, ...], read: Callable[[], Any]) -> Any:
        """What never changes under its name (configurations, models) is read once; what didn't exist is asked again."""
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            epoch = self._epoch
        value = read()
        if value is not None:
            with self._lock:
                if epoch == self._epoch or key[0] in _IMMUTABLE:
                    self._kept[key] = value
        return value

    def forget(self) -> None:
        """Ask everything anew from now on, but what never changes under its name."""
        with self._lock:
            self._epoch += 1  # what is being read just now is older than what is wanted
            self._kept = {key: value for key, value in self._kept.items() if key[0] in _IMMUTABLE}

    def forget_one(self, kind: str, name: str) -> None:
        """A configuration or model of that name is being made or deleted in this run."""
        with self._lock:
            self._kept.pop((kind, name), None)

    def endpoint(self, name: str) -> dict[str, Any] | None:
        """DescribeEndpoint, never remembered; None when there is none of that name."""
        answer: dict[str, Any] | None = self.ask("sagemaker", "describe_endpoint", EndpointName=name)
        return answer

    def configuration(self, name: str) -> dict[str, Any] | None:
        """DescribeEndpointConfig."""
        answer: dict[str, Any] | None = self._keep(
            (usage.CONFIGURATION, name),
            lambda: self.ask("sagemaker", "describe_endpoint_config", EndpointConfigName=name),
        )
        return answer

    def model(self, name: str) -> dict[str, Any] | None:
        """DescribeModel."""
        answer: dict[str, Any] | None = self._keep(
            (usage.MODEL, name), lambda: self.ask("sagemaker", "describe_model", ModelName=name)
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
        answer: dict[str, Any] | None = self._keep(
            (kind, name), lambda: self.ask(service, operation, **{parameter: name})
        )
        return answer

    # --- the graph ----------------------------------------------------------------------------------------------

    def graph(self) -> UsageGraph:
        """Every endpoint of the account and Region and what it uses, as far as SageMaker itself says."""
        graph = UsageGraph()
        names = [one["EndpointName"] for one in self.pages("sagemaker", "list_endpoints", "Endpoints")]
        with ThreadPoolExecutor(_READERS, "holdfast-read") as readers:
            endpoints = [one for one in readers.map(self.endpoint, names) if one is not None]
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
                reason = f"{one} no longer exists, so what its endpoint uses can't be read"
                graph.add_gap(one, usage_below(usage.CONFIGURATION), reason)
                continue
            graph.add_node(one, arn=described.get("EndpointConfigArn"), described=described)
            models |= {used.identity for used in self._record(graph, one, described) if used.kind == usage.MODEL}
        listed = sorted(models)
        for name, described in zip(listed, readers.map(self.model, listed), strict=True):
            one = node(usage.MODEL, name)
            if described is None:
                graph.add_gap(
                    one, usage_below(usage.MODEL), f"{one} no longer exists, so what its endpoint uses can't be read"
                )
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
        listed = self._keep((usage.ALIAS,), lambda: self.pages("kms", "list_aliases", "Aliases"))
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
                    key, by = self._keep((kind, one.identity), lambda one=one, read=read: read(one))  # type: ignore[misc]
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
        found: tuple[str | None, str] = self._keep((usage.BUCKET, bucket.identity), lambda: self._default_key(bucket))
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
