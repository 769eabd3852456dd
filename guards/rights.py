"""An execution role keeps what the models that use it need: policies deleted, detached, narrowed, or a boundary added.

What is needed says `knowledge.permissions`, what a document grants `knowledge.policy_documents`. Only what was granted
before and is lost is refused: a replacement of the same effect passes.
Asked: IAM GetRole, ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy, GetPolicyVersion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from guards import kinds, usage
from guards.deletions import describe, finding, give_unknown
from guards.errors import AccountUnknown
from guards.usage import Node, node
from guards.values import UNKNOWN, Unknown, items
from knowledge import arns
from knowledge.permissions import Facts, Need, needs_of, needs_of_function
from knowledge.policy_documents import Document, MalformedDocumentError, Outcome, decide, may_lose, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation, Plan, Registration
    from guards.report import Report
    from guards.usage import Path, UsageGraph

GUARD = "role-in-use-keeps-its-rights"
Key = tuple[str, str]


@dataclass(frozen=True)
class Rights:
    """What a role may do: its documents by (`inline`|`attached`, name or ARN); an unknown document is an Unknown."""

    documents: Mapping[Key, Any] = field(default_factory=dict)
    boundary: Any = None

    def without(self, key: Key) -> Rights:
        """The same without one document."""
        return replace(self, documents={one: value for one, value in self.documents.items() if one != key})

    def having(self, key: Key, document: Any) -> Rights:
        """The same with one document set."""
        return replace(self, documents={**self.documents, key: document})

    @property
    def known(self) -> list[Document]:
        """The documents that are known."""
        return [document for document in self.documents.values() if not isinstance(document, Unknown)]

    @property
    def complete(self) -> bool:
        """Whether all of them are known."""
        return len(self.known) == len(self.documents) and not isinstance(self.boundary, Unknown)


def document_in(value: Any) -> Any:
    """A policy document given as JSON text or object; an Unknown stays one; raises MalformedDocumentError."""
    if isinstance(value, Unknown) or (isinstance(value, dict) and _holds_unknown(value)):
        return UNKNOWN
    return read(value)


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_unknown(one) for one in value.values())
    return isinstance(value, Unknown) or (isinstance(value, list) and any(_holds_unknown(one) for one in value))


def live_document(value: Any) -> Document:
    """A document as IAM answers it: URL-encoded JSON text, or already parsed by botocore."""
    return read(unquote(value) if isinstance(value, str) else value)


def managed_document(account: Account, arn: str) -> Any:
    """The default version of a managed policy; None when there is none."""
    policy = account.ask("iam", "get_policy", PolicyArn=arn)
    if policy is None:
        return None
    version = account.ask("iam", "get_policy_version", PolicyArn=arn, VersionId=policy["Policy"]["DefaultVersionId"])
    return live_document(version["PolicyVersion"]["Document"]) if version else None


def live_rights(account: Account, role: str) -> Rights:
    """Everything that is attached to the role now; nothing when the role doesn't exist."""
    described = account.ask("iam", "get_role", RoleName=role)
    if described is None:
        return Rights()
    documents: dict[Key, Any] = {}
    for name in account.pages("iam", "list_role_policies", "PolicyNames", RoleName=role):
        answer = account.ask("iam", "get_role_policy", RoleName=role, PolicyName=name)
        if answer:
            documents["inline", name] = live_document(answer["PolicyDocument"])
    for one in account.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        document = managed_document(account, one["PolicyArn"])
        if document is not None:
            documents["attached", one["PolicyArn"]] = document
    boundary = described["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Rights(documents, managed_document(account, boundary) if boundary else None)


def planned_rights(  # noqa: PLR0913 - the run as it stands
    rights: Rights, role: str, plan: Plan, account: Account, *, end: bool, judged: Operation
) -> Rights:
    """What the role will have in this preview: `rights` with everything that has been planned for it.

    At the end of the run that is all registrations; in the middle, what has been created or updated by then. The
    resource that is `judged` counts only when this run makes it anew: in a destroy it is registered, and yet it goes.
    """

    def counts(one: Registration) -> bool:
        if one.urn == judged.urn and one.urn not in plan.created:
            return False
        return _is_role(one.inputs.get("role"), role, one, plan) and (
            end or one.urn in plan.created or one.urn in plan.updated
        )

    for one in plan.of(kinds.ROLE_POLICY):
        if counts(one):
            rights = rights.having(("inline", plan.name(one.urn) or one.urn), document_in(one.inputs.get("policy")))
    for one in plan.of(kinds.ATTACHMENT):
        if counts(one):
            arn = one.inputs.get("policyArn")
            key = ("attached", arn if isinstance(arn, str) else one.urn)
            rights = rights.having(key, _planned_managed(arn, one, plan, account))
    for operation in plan.leaving.values():
        left = key_of(operation)
        if left is not None and _names_role(operation, role):
            rights = rights.without(left)
    return rights


def _planned_managed(arn: Any, attachment: Registration, plan: Plan, account: Account) -> Any:
    for policy in plan.of(kinds.POLICY):
        known = plan.updated.get(policy.urn)
        if (isinstance(arn, Unknown) and policy.urn in attachment.dependencies) or (known and known.id == arn):
            return document_in(policy.inputs.get("policy"))
    if not isinstance(arn, str):
        return UNKNOWN
    document = managed_document(account, arn)
    return UNKNOWN if document is None else document


def _is_role(value: Any, role: str, registration: Registration, plan: Plan) -> bool:
    if isinstance(value, str):
        return arns.last_segment(value) == role
    # A role that isn't known yet is a new one, unless it is the very one asked about (by its URN).
    return isinstance(value, Unknown) and any(
        (plan.name(urn) or urn) == role for urn in registration.dependencies if kinds.type_of(urn) == kinds.ROLE
    )


def _names_role(operation: Operation, role: str) -> bool:
    named = operation.old("role")
    return isinstance(named, str) and arns.last_segment(named) == role


def key_of(operation: Operation) -> Key | None:
    """Which of the role's documents the resource is."""
    if operation.type == kinds.ROLE_POLICY:
        name = operation.old("name")
        return "inline", str(name) if name else operation.id.partition(":")[2]
    if operation.type == kinds.ATTACHMENT:
        return "attached", str(operation.old("policyArn"))
    if operation.type == kinds.POLICY:
        return "attached", str(operation.old("arn") or operation.id)
    return None


# --- what is needed -----------------------------------------------------------------------------------------------


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


# --- judging ------------------------------------------------------------------------------------------------------


def judge_rights_deletion(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse that a role loses, with this policy or attachment, what a model in use needs."""
    key = key_of(operation)
    role = operation.old("role")
    if key is not None and operation.type == kinds.POLICY:
        for name in roles_with(judge.account(), key[1]):
            judge_role(operation, name, judge, report, change=lambda rights: rights.without(key))
        return
    if key is None or not isinstance(role, str):
        give_unknown(operation, "role policy", report, "which role it belongs to isn't in state", GUARD)
        return
    judge_role(operation, arns.last_segment(role), judge, report, change=lambda rights: rights.without(key))


def roles_with(account: Account, policy: str) -> list[str]:
    """The roles a managed policy is attached to."""
    attached = account.pages("iam", "list_entities_for_policy", "PolicyRoles", PolicyArn=policy, EntityFilter="Role")
    return [one["RoleName"] for one in attached]


def judge_role(
    operation: Operation, role: str, judge: Judge, report: Report, *, change: Callable[[Rights], Rights]
) -> None:
    """Refuse when `change(rights)` loses something that a model in use needs of `role` and has now."""
    account = judge.account()
    if account.ask("iam", "get_role", RoleName=role) is None:
        raise AccountUnknown(
            f"Role {role} isn't in account {account.identity()[0]}, to which the guards' session is signed in: its "
            "users can't be known. Give boto3 the same credentials as the aws provider, or refresh the stack"
        )
    end = judge.program_done()
    graph = judge.uses(end=end, about=frozenset({usage.ROLE, usage.KEY}))
    paths = _uses_of_role(operation, role, graph, judge, report)
    if not paths:
        return
    now = live_rights(account, role)
    if judge.dry_run:
        now = planned_rights(now, role, judge.plan, account, end=end, judged=operation)
    else:
        for other in judge.plan.leaving.values():
            key = key_of(other)
            if key is not None and _names_role(other, role):
                now = now.without(key)
    after = change(now)
    if before_is_same(now, after):
        return
    arn = f"arn:{account.identity()[1]}:iam::{account.identity()[0]}:role/{role}"
    for path in paths:
        needs = needs_in(graph, path.nodes[1], account)
        if not _keeps_what_it_needs(operation, role, path, (now, after, arn), needs, judge, report):
            return


def _uses_of_role(operation: Operation, role: str, graph: UsageGraph, judge: Judge, report: Report) -> list[Path]:
    """Paths from the role by way of a model or function; unknown uses are reported, and nothing returned."""
    leaving = judge.plan.leaving_endpoints() if judge.dry_run else frozenset()
    asked = [node(usage.ROLE, role)]
    asked += [Node(usage.ROLE, one.urn) for one in judge.plan.of(kinds.ROLE) if judge.plan.name(one.urn) == role]
    for gap in graph.open_gaps(usage.ROLE, beyond=leaving):
        if not gap.decided_later:
            give_unknown(operation, "rights of role " + role, report, gap.reason, GUARD)
            return []
    paths = [path for one in asked for path in graph.users_of(one, beyond=leaving)]
    return [path for path in paths if path.nodes[1].kind in {usage.MODEL, usage.FUNCTION}]


def _keeps_what_it_needs(  # noqa: PLR0913, PLR0917 - one path's part of the question
    operation: Operation,
    role: str,
    path: Path,
    rights: tuple[Rights, Rights, str],
    needs: Needs,
    judge: Judge,
    report: Report,
) -> bool:
    """Whether the model (or function) on `path` loses nothing; a loss is reported."""
    now, after, arn = rights
    lost = lost_needs(needs.known, now, after, arn)
    if lost and (after.complete or not judge.dry_run):
        _refuse(operation, role, path.texts(), lost, report)
        return False
    if judge.dry_run and (lost or needs.unknown):
        reason = "a policy of the role" if lost else needs.unknown[0]
        _undecided(operation, role, path.nodes[1], report, f"{reason} isn't known before the update")
        return False
    return True


def before_is_same(before: Rights, after: Rights) -> bool:
    """Whether nothing changed at all."""
    return dict(before.documents) == dict(after.documents) and before.boundary == after.boundary


def lost_needs(needs: tuple[Need, ...], before: Rights, after: Rights, role_arn: str) -> list[tuple[Need, Outcome]]:
    """What was granted before and isn't any more."""
    lost: list[tuple[Need, Outcome]] = []

    def outcome(rights: Rights, need: Need) -> Outcome:
        boundary = None if isinstance(rights.boundary, Unknown) else rights.boundary
        context = dict(need.context)
        return decide(rights.known, need.action, need.resource, boundary=boundary, principal=role_arn, context=context)

    boundary_changed = before.boundary != after.boundary
    for need in needs:
        if not need.essential or outcome(before, need) not in {Outcome.ALLOWED, Outcome.UNKNOWN}:
            continue
        then = outcome(after, need)
        if then is not Outcome.ALLOWED and (
            boundary_changed or may_lose(before.known, after.known, need.action, need.resource)
        ):
            lost.append((need, then))
    return lost


def _refuse(
    operation: Operation, role: str, path: tuple[str, ...], lost: list[tuple[Need, Outcome]], report: Report
) -> None:
    need, outcome = lost[0]
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    report.give(
        finding(
            operation,
            GUARD,
            f"{describe(operation, 'policy')} is what lets role {role} use {need.action} on {need.resource}{more}; "
            f"without it that is {outcome.value}, and the model needs it to {need.why}. Amazon SageMaker could then "
            "neither patch the endpoint nor replace an unhealthy instance.",
            path=path,
            fix=f"Grant {need.action} on {need.resource} by another policy of the role, or keep this one until the "
            "endpoint has moved.",
        )
    )


def _undecided(operation: Operation, role: str, model: Node, report: Report, reason: str) -> None:
    report.give(
        finding(
            operation,
            GUARD,
            f"{describe(operation, 'policy')}: whether role {role} keeps what {model} needs is decided by the update: "
            f"{reason}.",
            outcome="undecided",
            severity="low",
        )
    )


def managed_and_inline(inputs: Mapping[str, Any], account: Account) -> dict[Key, Any]:
    """The documents that a Role resource carries itself (inlinePolicies, managedPolicyArns)."""
    found: dict[Key, Any] = {}
    for one in items(inputs.get("inlinePolicies")):
        if isinstance(one, dict) and one.get("policy"):
            found["inline", str(one.get("name", ""))] = document_in(one["policy"])
    for arn in items(inputs.get("managedPolicyArns")):
        if isinstance(arn, str):
            found["attached", arn] = managed_document(account, arn) or UNKNOWN
    return found


def as_text(document: Any) -> str:
    """For comparing documents: the same object in the same text."""
    try:
        return json.dumps(read(document), sort_keys=True)
    except MalformedDocumentError:
        return str(document)
