"""Resource Access Manager: ResourceShare, its associations, and its acceptance. Source: the RAM API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource
from rehearsal.provider.refusals import AccountRefusal, ProviderRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

GONE = (("UnknownResourceException", ""), ("ResourceShareInvitationArnNotFoundException", ""))
LEFT = ("DISASSOCIATED", "DISASSOCIATING", "FAILED")


class ShareTags(Tagging):
    """Tags are told with the share itself."""

    def read(self, account: Account, id_: str, state: dict[str, Any]) -> dict[str, str]:
        """The tags that are there."""
        return self.parsed(share(account, id_).get("tags") or [])


def share(account: Account, arn: str) -> dict[str, Any]:
    """A share of this account's, by ARN; a deleted one counts as unknown."""
    shares = account.call("ram", "GetResourceShares", resourceOwner="SELF", resourceShareArns=[arn])["resourceShares"]
    for found in shares:
        if found["status"] not in ("DELETED", "DELETING", "FAILED"):
            return dict(found)
    raise AccountRefusal("GetResourceShares", "UnknownResourceException", f"ResourceShare {arn} could not be found.")


class ResourceShare(Resource):
    """What is shared with whom, once resources and principals are associated."""

    token = "aws:ram/resourceShare:ResourceShare"
    noun = "RAM ResourceShare"
    service = "ram"
    id_property = "arn"
    auto_name = AutoName(limit=255)
    defaults = {"allowExternalPrincipals": False}
    replaces = ("permissionArns", "region")
    optional_computed = ("permissionArns", "resourceShareConfiguration")
    sets = ("permissionArns",)
    lacks = ("resourceShareConfiguration",)
    unread = ("permissionArns",)
    missing = GONE
    tagging = ShareTags(
        *("ram", "TagResource", "UntagResource", "GetResourceShares", "resourceShareArn"),
        tags="tags",
        keys="tagKeys",
        shown="tags",
        key="key",
        value="value",
    )

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateResourceShare."""
        made = self.request(account, "CreateResourceShare", inputs)
        return str(account.call("ram", "CreateResourceShare", **made)["resourceShare"]["resourceShareArn"])

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetResourceShares."""
        found = share(account, id_)
        return {
            "arn": id_,
            "name": found["name"],
            "allowExternalPrincipals": found["allowExternalPrincipals"],
            "permissionArns": state.get("permissionArns") or [],
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """UpdateResourceShare: name, and whether others than the organization's may be associated."""
        wanted = {"name": new["name"], "allowExternalPrincipals": bool(new.get("allowExternalPrincipals"))}
        account.call("ram", "UpdateResourceShare", resourceShareArn=id_, **wanted)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteResourceShare."""
        account.call("ram", "DeleteResourceShare", resourceShareArn=id_)

    def imported(self, account: Account, id_: str) -> Properties:
        """The ARN."""
        return {"arn": id_}


class _Association(Resource):
    """One member of a share; the id is `<share>,<member>`."""

    service = "ram"
    id_property = ""
    missing = GONE
    kind = ""
    member = ""
    parameter = ""

    def create(self, account: Account, inputs: Properties) -> str:
        """AssociateResourceShare."""
        arn, member = str(inputs["resourceShareArn"]), str(inputs[self.member])
        account.call("ram", "AssociateResourceShare", resourceShareArn=arn, **{self.parameter: [member]})
        return f"{arn},{member}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetResourceShareAssociations."""
        arn, _, member = id_.partition(",")
        asked = {"associationType": self.kind, "resourceShareArns": [arn]}
        for found in account.call("ram", "GetResourceShareAssociations", **asked)["resourceShareAssociations"]:
            if found["associatedEntity"] == member and found["status"] not in LEFT:
                return {"resourceShareArn": arn, self.member: member}
        return None

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DisassociateResourceShare."""
        arn, _, member = id_.partition(",")
        account.call("ram", "DisassociateResourceShare", resourceShareArn=arn, **{self.parameter: [member]})

    def imported(self, account: Account, id_: str) -> Properties:
        """`<share>,<member>`."""
        arn, comma, member = id_.partition(",")
        if not comma:
            raise ProviderRefusal(f"the id of a {self.noun} is <share ARN>,<member>; got {id_!r}")
        return {"resourceShareArn": arn, self.member: member}


class ResourceAssociation(_Association):
    """A resource that is shared."""

    token = "aws:ram/resourceAssociation:ResourceAssociation"
    noun = "RAM ResourceAssociation"
    replaces = ("resourceArn", "resourceShareArn", "region")
    kind, member, parameter = "RESOURCE", "resourceArn", "resourceArns"


class PrincipalAssociation(_Association):
    """An account, an organization or a part of one, a role or a user that it is shared with."""

    token = "aws:ram/principalAssociation:PrincipalAssociation"
    noun = "RAM PrincipalAssociation"
    replaces = ("principal", "resourceShareArn", "region")
    limits = {
        "principal": Limit(
            r"[0-9]{12}|arn:[\w-]+:(organizations|iam)::[0-9]*:.+|[a-z0-9.-]+\.amazonaws\.com",
            "must be an account id, an ARN of an organization, a unit of one, a role or a user, or a service",
        ),
    }
    kind, member, parameter = "PRINCIPAL", "principal", "principals"
