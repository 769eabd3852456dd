"""Tags, as each service wants them said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.provider.account import Account

Tags = dict[str, str]


@dataclass(frozen=True)
class Tagging:
    """How a service's resources are tagged.

    Args:
        service: boto3's name.
        add, remove, show: operations.
        reference: the parameter that names the resource.
        reference_from: the output that is its value; "id" is the id.
        tags: the parameter with tags when adding.
        keys: the parameter with keys when removing.
        shown: the member of the answer with tags.
        key, value: the members of one tag; empty: the tags are a map.

    """

    service: str
    add: str
    remove: str
    show: str
    reference: str
    reference_from: str = "arn"
    tags: str = "Tags"
    keys: str = "TagKeys"
    shown: str = "Tags"
    key: str = "Key"
    value: str = "Value"

    def at_creation(self, shape: Any) -> str | None:
        """The member of a create operation's input that takes tags."""
        return next((name for name in ("Tags", "tags") if name in shape.members), None)

    def written(self, tags: Tags) -> Any:
        """Tags in the service's form."""
        if not self.key:
            return dict(tags)
        return [{self.key: k, self.value: v} for k, v in sorted(tags.items())]

    def _resource(self, id_: str, state: dict[str, Any]) -> dict[str, Any]:
        return {self.reference: id_ if self.reference_from == "id" else state[self.reference_from]}

    def read(self, account: Account, id_: str, state: dict[str, Any]) -> Tags:
        """The tags that are there."""
        found = account.call(self.service, self.show, **self._resource(id_, state)).get(self.shown) or {}
        return self.parsed(found)

    def parsed(self, found: Any) -> Tags:
        """Tags out of the service's form, without AWS's own (aws:...)."""
        pairs = found.items() if isinstance(found, dict) else ((t[self.key], t[self.value]) for t in found)
        return {k: v for k, v in pairs if not k.startswith("aws:")}

    def change(self, account: Account, id_: str, state: dict[str, Any], old: Tags, new: Tags) -> None:
        """Remove what is no longer wanted, then add what is new or different."""
        place = self._resource(id_, state)
        if gone := sorted(set(old) - set(new)):
            account.call(self.service, self.remove, **place, **{self.keys: gone})
        if put := {k: v for k, v in new.items() if old.get(k) != v}:
            account.call(self.service, self.add, **place, **{self.tags: self.written(put)})


class ResourceTags(Tagging):
    """EC2: CreateTags and DeleteTags on a list of ids."""

    def read(self, account: Account, id_: str, state: dict[str, Any]) -> Tags:
        """The tags that are there."""
        found = account.call("ec2", "DescribeTags", Filters=[{"Name": "resource-id", "Values": [id_]}])["Tags"]
        return {t["Key"]: t["Value"] for t in found if not t["Key"].startswith("aws:")}

    def change(self, account: Account, id_: str, state: dict[str, Any], old: Tags, new: Tags) -> None:
        """Remove what is no longer wanted, then add what is new or different."""
        if gone := sorted(set(old) - set(new)):
            account.call("ec2", "DeleteTags", Resources=[id_], Tags=[{"Key": key} for key in gone])
        if put := {k: v for k, v in new.items() if old.get(k) != v}:
            account.call("ec2", "CreateTags", Resources=[id_], Tags=self.written(put))


EC2 = ResourceTags("ec2", "CreateTags", "DeleteTags", "DescribeTags", "Resources", "id")
