"""From a stack's settings to the components that not every stack has: whether it has them, and with what arguments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.account import Account
from components.encryption_key import EncryptionKey, existing_key_arn
from components.network import Network
from components.private_registry import PrivateRegistry
from components.recommender_jobs import RecommenderJobs
from components.recommender_network import RecommenderNetwork, RecommenderNetworkArgs
from components.recommender_settings import RecommenderSettings
from components.session_manager_endpoints import SessionManagerEndpoints, Ways, ways_of
from components.settings import Settings
from components.settings_problems import SettingsError
from components.ssm_access import SsmAccess
from knowledge.cross_account import Reader
from knowledge.session_manager import log_groups


@dataclass(frozen=True)
class Key:
    """The key of artifact and storage: None without one. `own`: the component, if the key is this stack's."""

    arn: pulumi.Input[str] | None
    own: list[pulumi.Resource]


@dataclass(frozen=True)
class Placement:
    """Where the containers run: subnets and groups, the ways out of them, and what of it is this stack's."""

    subnet_ids: list[pulumi.Input[str]]
    security_group_ids: list[pulumi.Input[str]]
    ways: Ways | None
    """Known for a network of the stack's own, and for another where something depends on them."""
    own: list[pulumi.Resource]
    network: Network | None = None
    """The stack's own."""


@dataclass(frozen=True)
class Recommender:
    """What recommendation jobs of this stack run with."""

    network: RecommenderNetwork
    jobs: RecommenderJobs
    settings: RecommenderSettings
    key_arn: pulumi.Input[str] | None

    def stack_outputs(self) -> dict[str, Any]:
        """By these `holdfast recommend` knows them."""
        bucket, role = self.jobs.bucket, self.jobs.role
        return {
            "recommenderSubnetIds": self.network.subnet_ids,
            "recommenderSecurityGroupIds": self.network.security_group_ids,
            "recommenderRoleArn": role.arn if role else self.settings.role,
            "recommenderBucket": bucket.bucket if bucket else self.settings.bucket,
            "recommenderKeyArn": self.settings.output_key or self.key_arn,
        }


def logs_sessions(settings: Settings) -> bool:
    """Whether sessions are logged: on development stacks from their first day on, before anybody opens one."""
    return settings.ssm_access or settings.stage == "development"


def key(name: str, settings: Settings, here: Account, readers: Sequence[Reader] = ()) -> Key:
    """The stack's own key, somebody else's, or none (setting `key`); its own lets other accounts' `readers` in."""
    if settings.key == "none":
        return Key(None, [])
    if settings.key != "own":
        if settings.key.startswith("arn:") and here.is_elsewhere(settings.key):
            problem = (
                f"key: {settings.key!r} was given, and this stack deploys to {here.region} (partition {here.partition})"
            )
            reason = "; AWS KMS serves the keys of its own Region alone. Give a key that lies there"
            raise pulumi.RunError(str(SettingsError([problem + reason])))
        return Key(existing_key_arn(settings.key), [])
    groups = log_groups(settings.name) if logs_sessions(settings) else ()
    own = EncryptionKey(
        name,
        {
            "account": here,
            "alias": name,
            "enabled": settings.key_enabled,
            "log_groups": groups,
            "readers": readers,
            "retained": settings.model_version is not None,
        },
    )
    return Key(own.arn, [own])


def ssm_access(name: str, settings: Settings, here: Account, key_arn: pulumi.Input[str] | None) -> SsmAccess | None:
    """The log of sessions, and while access is on the way into the containers (settings `ssmAccess...`)."""
    if not logs_sessions(settings):
        return None
    return SsmAccess(
        name,
        {
            "account": here,
            "endpoint_name": settings.name,
            "enabled": settings.ssm_access,
            "until": settings.ssm_access_until,
            "key_arn": key_arn,
        },
    )


def placement(name: str, settings: Settings, here: Account) -> Placement:
    """A network of the stack's own, or the `subnets` and `securityGroups` named; with a way to Session Manager."""
    if settings.subnets:
        ways = ways_of(settings.subnets) if settings.ssm_access or settings.registry else None
        placed = Placement([*settings.subnets], [*(settings.security_groups or [])], ways, [])
    else:
        network = Network(name, {"account": here})
        ways = Ways(network.vpc_id, out=False, one_a_zone=tuple(network.subnet_ids))
        placed = Placement([*network.subnet_ids], [*network.security_group_ids], ways, [network], network)
    if settings.ssm_access and settings.ssm_access_endpoints == "auto" and ways and not ways.out:
        private_link = SessionManagerEndpoints(
            name,
            {
                "account": here,
                "vpc_id": ways.vpc_id,
                "subnet_ids": ways.one_a_zone,
                "client_group_ids": placed.security_group_ids,
                "opens_egress": not settings.subnets,
            },
        )
        placed.own.append(private_link)
    return placed


def registry(
    name: str, settings: Settings, here: Account, key_arn: pulumi.Input[str] | None, placed: Placement
) -> PrivateRegistry | None:
    """What opens the private registry that the image comes from (settings `registry...`)."""
    if not settings.registry or not placed.ways:
        return None
    return PrivateRegistry(
        name,
        {
            "account": here,
            "authentication": settings.registry.authentication,
            "secret_arn": settings.registry.secret,
            "credentials": settings.registry_credentials.secret_string() if settings.registry_credentials else None,
            "key_arn": key_arn,
            "ways": placed.ways,
            "security_group_ids": placed.security_group_ids,
            "network": settings.registry.network,
            "ports": settings.registry.ports_of(settings.image),
            "lambda_endpoint": settings.registry.lambda_endpoint,
            "group_rules": settings.registry.group_rules,
        },
    )


def recommender(  # noqa: PLR0913, PLR0917 - a stack's parts
    name: str,
    settings: Settings,
    here: Account,
    key_arn: pulumi.Input[str] | None,
    placed: Placement,
    images: Sequence[pulumi.Input[str]],
    artifact_urls: Sequence[pulumi.Input[str]],
) -> Recommender:
    """What recommendation jobs need (settings `recommender...`): their network, role and bucket."""
    wanted = settings.recommender or RecommenderSettings()
    jobs = RecommenderJobs(
        name,
        {
            "account": here,
            "job_prefix": settings.name,
            "images": images,
            "artifact_urls": artifact_urls,
            "key_arn": key_arn,
            "own_role": wanted.role is None,
            "own_bucket": wanted.bucket is None,
        },
    )
    arguments: RecommenderNetworkArgs = {"account": here, "s3_endpoint": wanted.s3_endpoint}
    if jobs.role:
        arguments["role_name"] = jobs.role.name
    if subnets := wanted.subnets or settings.subnets:
        arguments["subnet_ids"] = subnets
    elif placed.network:
        arguments["network"] = placed.network
    if wanted.security_groups:
        arguments["security_group_ids"] = wanted.security_groups
    return Recommender(RecommenderNetwork(name, arguments), jobs, wanted, key_arn)
