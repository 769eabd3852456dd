"""Resource Access Manager: shares, their resources and principals, invitations.

moto has shares without later associations and no kind of SageMaker's. Sources: the RAM API reference (operations,
statuses, error codes); "Cross-account discoverability" (SageMaker Developer Guide, model-registry-ram.html). Accounts
have no organization here, so an account that something is shared with is invited and must accept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal
from rehearsal.account.holdings import partition
from rehearsal.account.shares import Share

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account.calls import Call
    from rehearsal.account.neighbours import Neighbours

_TYPES = {"sagemaker": {"model-package-group": "sagemaker:ModelPackageGroup"}}


class Sharing:
    """The resource shares of one account, by ARN; `neighbours` are the accounts that may share with it."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.shares: dict[str, Share] = {}
        self.neighbours: Neighbours | None = None

    @staticmethod
    def handles(call: Call) -> bool:
        """Whether a call is answered here."""
        return call.service == "ram" and call.action in _OPERATIONS

    def answer(self, call: Call, at: float) -> dict[str, Any]:
        """Does a call and returns its output; raises Refusal in AWS's words."""
        caller = call.caller.account if call.caller is not None else self.account
        return _OPERATIONS[call.action](self, _Asked(call.region, parameters(call), at, caller))

    def shared_with(self, account: str, region: str) -> list[str]:
        """ARNs of the resources of a region that are shared with an account which has accepted it."""
        return [
            arn
            for share in self.shares.values()
            if share.status == "ACTIVE" and account in share.accepted and share.invites(account)
            for arn in share.resources
            if arn.split(":")[3] == region
        ]

    def invitations(self, account: str) -> list[dict[str, Any]]:
        """The invitations of another account, accepted or not."""
        return [_invitation(self, share, account) for share in self.shares.values() if share.invites(account)]

    def share(self, arn: str) -> Share:
        """A share that isn't deleted; raises Refusal (UnknownResourceException)."""
        held = self.shares.get(arn)
        if held is None or held.status == "DELETED":
            raise Refusal("UnknownResourceException", f"ResourceShare {arn} could not be found.")
        return held


@dataclass(frozen=True)
class _Asked:
    region: str
    parameters: dict[str, Any]
    at: float
    caller: str


def parameters(call: Call) -> dict[str, Any]:
    """The parameters of a call: its JSON body, and what stands in its address."""
    from urllib.parse import parse_qs

    try:
        body = json.loads(call.body or b"{}")
    except ValueError as error:
        raise Refusal("MalformedArnException", f"the request's body is not JSON: {error}") from error
    query = {name: values[0] for name, values in parse_qs(call.environ.get("QUERY_STRING", "")).items()}
    return {**query, **call.parameters, **(body if isinstance(body, dict) else {})}


def _create(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Makes a share of resources with principals; they are invited. Source: CreateResourceShare (RAM API reference)."""
    from moto.moto_api._internal import mock_random

    given = asked.parameters
    name, region = given.get("name"), asked.region
    if not name:
        raise Refusal("InvalidParameterException", "The name of a resource share can't be empty.")
    arn = f"arn:{partition(region)}:ram:{region}:{sharing.account}:resource-share/{mock_random.uuid4()}"
    external = bool(given.get("allowExternalPrincipals", True))
    share = Share(arn, str(name), asked.at, asked.at, external)
    share.permissions = list(given.get("permissionArns") or [])
    share.tags = {tag["key"]: tag["value"] for tag in given.get("tags") or []}
    _add(sharing, share, asked)
    sharing.shares[arn] = share
    return {"resourceShare": _described(sharing, share)}


def _add(sharing: Sharing, share: Share, asked: _Asked) -> None:
    resources, principals = asked.parameters.get("resourceArns") or [], asked.parameters.get("principals") or []
    for arn in resources:
        parts = str(arn).split(":")
        kinds = _TYPES.get(parts[2], {}) if len(parts) > 5 else {}  # noqa: PLR2004 - an ARN has six parts
        if len(parts) < 6 or parts[5].partition("/")[0] not in kinds:  # noqa: PLR2004
            raise Refusal("MalformedArnException", f"You cannot share the selected resource type: {arn}")
        if parts[4] != sharing.account:
            raise Refusal("OperationNotPermittedException", f"You can't share {arn}, which isn't this account's.")
        if parts[3] != asked.region:
            raise Refusal("MalformedArnException", f"{arn} is in {parts[3]}, the share in {asked.region}.")
    for principal in principals:
        if not share.external and principal != sharing.account:
            raise Refusal(
                "OperationNotPermittedException",
                f"The resource share {share.name} doesn't allow external principals, and {principal} is in no "
                "organization with its owner.",
            )
    share.resources += [arn for arn in resources if arn not in share.resources]
    share.principals += [each for each in principals if each not in share.principals]


def _described(sharing: Sharing, share: Share) -> dict[str, Any]:
    return {
        "resourceShareArn": share.arn,
        "name": share.name,
        "owningAccountId": sharing.account,
        "allowExternalPrincipals": share.external,
        "status": share.status,
        "tags": [{"key": key, "value": value} for key, value in sorted(share.tags.items())],
        "creationTime": share.created,
        "lastUpdatedTime": share.modified,
        "featureSet": "STANDARD",
    }


def _get(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Shares of this account, or those that others have with it. Source: GetResourceShares (RAM API reference)."""
    given = asked.parameters
    if given.get("resourceOwner") not in ("SELF", "OTHER-ACCOUNTS"):
        raise Refusal("InvalidParameterException", "resourceOwner must be SELF or OTHER-ACCOUNTS.")
    wanted = given.get("resourceShareArns")
    held = [share for share in sharing.shares.values() if share.arn.split(":")[3] == asked.region]
    if given["resourceOwner"] == "OTHER-ACCOUNTS":
        raise Refusal("NotImplemented", "the emulated account lists no shares of other accounts", 501)
    held = [share for share in held if not wanted or share.arn in wanted]
    held = [share for share in held if given.get("name") in (None, share.name)]
    held = [share for share in held if given.get("resourceShareStatus") in (None, share.status)]
    if wanted and not held:
        raise Refusal("UnknownResourceException", f"ResourceShare {wanted[0]} could not be found.")
    return {"resourceShares": [_described(sharing, share) for share in held]}


def _update(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Renames a share, or opens it to principals outside the organization. Source: UpdateResourceShare."""
    share = sharing.share(str(asked.parameters.get("resourceShareArn")))
    share.name = asked.parameters.get("name") or share.name
    share.external = bool(asked.parameters.get("allowExternalPrincipals", share.external))
    share.modified = asked.at
    return {"resourceShare": _described(sharing, share)}


def _delete(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Ends a share; nobody has anything of it any more. Source: DeleteResourceShare (RAM API reference)."""
    share = sharing.share(str(asked.parameters.get("resourceShareArn")))
    share.status, share.modified = "DELETED", asked.at
    share.resources, share.principals, share.accepted = [], [], []
    return {"returnValue": True}


def _associate(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Adds resources and principals to a share. Source: AssociateResourceShare (RAM API reference)."""
    share = sharing.share(str(asked.parameters.get("resourceShareArn")))
    _add(sharing, share, asked)
    return {"resourceShareAssociations": _associations(share, asked.parameters, "ASSOCIATED")}


def _disassociate(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Takes resources and principals out of a share. Source: DisassociateResourceShare (RAM API reference)."""
    share = sharing.share(str(asked.parameters.get("resourceShareArn")))
    told = _associations(share, asked.parameters, "DISASSOCIATED")
    share.resources = [arn for arn in share.resources if arn not in (asked.parameters.get("resourceArns") or [])]
    share.principals = [each for each in share.principals if each not in (asked.parameters.get("principals") or [])]
    share.accepted = [each for each in share.accepted if each in share.principals]
    return {"resourceShareAssociations": told}


def _associations(share: Share, given: dict[str, Any], status: str) -> list[dict[str, Any]]:
    kinds = {"RESOURCE": given.get("resourceArns") or [], "PRINCIPAL": given.get("principals") or []}
    return [_association(share, kind, entity, status) for kind, held in kinds.items() for entity in held]


def _association(share: Share, kind: str, entity: str, status: str) -> dict[str, Any]:
    told = {"resourceShareArn": share.arn, "resourceShareName": share.name, "associatedEntity": entity}
    times = {"creationTime": share.created, "lastUpdatedTime": share.modified}
    return {**told, "associationType": kind, "status": status, **times, "external": kind == "PRINCIPAL"}


def _get_associations(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """What belongs to shares, by kind. Source: GetResourceShareAssociations (RAM API reference)."""
    given = asked.parameters
    kind, wanted = given.get("associationType"), given.get("resourceShareArns")
    if kind not in ("PRINCIPAL", "RESOURCE"):
        raise Refusal("InvalidParameterException", f"{kind} is not a valid association type.")
    named = given.get("principal") if kind == "PRINCIPAL" else given.get("resourceArn")
    found = [
        _association(share, kind, entity, "ASSOCIATED")
        for share in sharing.shares.values()
        if share.status == "ACTIVE" and (not wanted or share.arn in wanted)
        for entity in (share.principals if kind == "PRINCIPAL" else share.resources)
        if named in (None, entity)
    ]
    return {"resourceShareAssociations": found}


def _tag(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Adds tags to a share, or overwrites them. Source: TagResource (RAM API reference)."""
    share = sharing.share(str(asked.parameters.get("resourceShareArn")))
    share.tags |= {tag["key"]: tag["value"] for tag in asked.parameters.get("tags") or []}
    return {}


def _untag(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Removes tags of a share by key. Source: UntagResource (RAM API reference)."""
    share = sharing.share(str(asked.parameters.get("resourceShareArn")))
    for key in asked.parameters.get("tagKeys") or []:
        share.tags.pop(key, None)
    return {}


def _invitation(sharing: Sharing, share: Share, account: str) -> dict[str, Any]:
    return {
        "resourceShareInvitationArn": share.invitation(account),
        "resourceShareName": share.name,
        "resourceShareArn": share.arn,
        "senderAccountId": sharing.account,
        "receiverAccountId": account,
        "invitationTimestamp": share.created,
        "status": "ACCEPTED" if account in share.accepted else "PENDING",
    }


def _get_invitations(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """What other accounts share with this one, or want to. Source: GetResourceShareInvitations (RAM API reference)."""
    neighbours = sharing.neighbours
    others = neighbours.others() if neighbours is not None else []
    found = [told for one in others for told in (neighbours.ask(one, "invitations") if neighbours else [])]
    for name in ("resourceShareInvitationArn", "resourceShareArn"):
        wanted = asked.parameters.get(f"{name}s")
        found = [each for each in found if not wanted or each[name] in wanted]
    return {"resourceShareInvitations": found}


def _accept(sharing: Sharing, asked: _Asked) -> dict[str, Any]:
    """Asked of the share's owner by the account that was invited. Source: AcceptResourceShareInvitation."""
    arn = str(asked.parameters.get("resourceShareInvitationArn"))
    for share in sharing.shares.values():
        if share.invitation(asked.caller) == arn and share.invites(asked.caller):
            if asked.caller in share.accepted:
                raise Refusal("ResourceShareInvitationAlreadyAcceptedException", f"{arn} was accepted already.")
            share.accepted.append(asked.caller)
            return {"resourceShareInvitation": _invitation(sharing, share, asked.caller)}
    raise Refusal("ResourceShareInvitationArnNotFoundException", f"The invitation {arn} could not be found.")


_OPERATIONS: dict[str, Callable[[Sharing, _Asked], dict[str, Any]]] = {
    "CreateResourceShare": _create,
    "GetResourceShares": _get,
    "UpdateResourceShare": _update,
    "DeleteResourceShare": _delete,
    "AssociateResourceShare": _associate,
    "DisassociateResourceShare": _disassociate,
    "GetResourceShareAssociations": _get_associations,
    "TagResource": _tag,
    "UntagResource": _untag,
    "GetResourceShareInvitations": _get_invitations,
    "AcceptResourceShareInvitation": _accept,
}
