"""What a model, or the function of a private registry, needs of its role, out of the usage graph.

What is needed for which reference says `knowledge.permissions`. Nothing here asks the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from guards import usage
from knowledge import arns
from knowledge.permissions import Facts, Need, needs_of, needs_of_function

if TYPE_CHECKING:
    from guards.live import Account
    from guards.usage import Node, UsageGraph


def facts_in(graph: UsageGraph, model: Node, account: Account) -> Facts:
    """What `model` and the configurations that deploy it refer to, out of the graph."""
    number, partition = account.identity()
    unknown: list[str] = []

    def known(nodes: list[Node]) -> list[str]:
        unknown.extend(str(one) for one in nodes if one.identity.startswith("urn:pulumi:"))
        return [one.identity for one in nodes if not one.identity.startswith("urn:pulumi:")]

    def key_arns(nodes: list[Node]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for one in nodes:
            for key in graph.used_by(one, usage.KEY) if one.kind == usage.ALIAS else [one]:
                for identity in known([key]):
                    text = graph.facts.get(key, {}).get("text", "")
                    is_key = arns.is_arn(text) and ":key/" in text
                    found[text if is_key else f"arn:{partition}:kms:{account.region}:{number}:key/{identity}"] = None
        return tuple(found)

    artifacts = graph.used_by(model, usage.ARTIFACT)
    configurations = [one for one in graph.direct_users(model, usage.CONFIGURATION) if _is_run(graph, one)]
    volume: list[Node] = []
    output: list[Node] = []
    for configuration in configurations:
        for key in graph.used_by(configuration, usage.KEY, usage.ALIAS):
            fields = graph.by(configuration, key)
            (volume if "KmsKeyId" in fields else output).append(key)
            if "KmsKeyId" in fields and len(fields) > 1:
                output.append(key)
    gaps = [gap for gap in graph.gaps if gap.at in {model, *artifacts, *configurations}]
    return Facts(
        artifacts=tuple(f"s3://{one}" for one in known(artifacts)),
        images=tuple(known(graph.used_by(model, usage.IMAGE))),
        artifact_keys=key_arns([key for one in artifacts for key in graph.used_by(one, usage.KEY, usage.ALIAS)]),
        volume_keys=key_arns(volume),
        output_keys=key_arns(output),
        outputs=tuple(f"s3://{one}" for c in configurations for one in known(graph.used_by(c, usage.BUCKET))),
        vpc=bool(graph.used_by(model, usage.SUBNET, usage.GROUP)),
        credential_functions=tuple(
            one if arns.is_arn(one) else f"arn:{partition}:lambda:{account.region}:{number}:function:{one}"
            for one in known(graph.used_by(model, usage.FUNCTION))
        ),
        partition=partition,
        region=account.region,
        account=number,
        unknown=(*unknown, *(gap.reason for gap in gaps)),
    )


def _is_run(graph: UsageGraph, configuration: Node) -> bool:
    """Whether an endpoint runs, or may come to run, on a configuration: one that all have left asks for nothing."""
    exists = "described" in graph.facts.get(configuration, {})
    return not exists or bool(graph.direct_users(configuration, usage.ENDPOINT))


class Needs(NamedTuple):
    """What a role must be allowed to do for one user of it, and what of that isn't known yet."""

    known: tuple[Need, ...]
    unknown: tuple[str, ...]


def needs_in(graph: UsageGraph, user: Node, account: Account) -> Needs:
    """What `user` (a model, or the function of a private registry) needs of its role, out of the graph."""
    if user.kind != usage.FUNCTION:
        facts = facts_in(graph, user, account)
        return Needs(needs_of(facts), facts.unknown)
    number, partition = account.identity()
    secrets = graph.used_by(user, usage.SECRET)
    known = [one for one in secrets if not one.identity.startswith("urn:pulumi:")]
    keys = {key.identity for one in known for key in graph.used_by(one, usage.KEY)}
    return Needs(
        needs_of_function(
            [graph.facts.get(one, {}).get("text", one.identity) for one in known],
            [f"arn:{partition}:kms:{account.region}:{number}:key/{key}" for key in sorted(keys)],
        ),
        tuple(str(one) for one in secrets if one not in known),
    )


def role_arn(graph: UsageGraph, role: Node, account: Account) -> str:
    """The ARN of a role in the graph: as something names it, else built from its name."""
    text: str = graph.facts.get(role, {}).get("text", "")
    number, partition = account.identity()
    return text if arns.is_arn(text) else f"arn:{partition}:iam::{number}:role/{role.identity}"
