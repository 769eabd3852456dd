"""What Resource Access Manager remembers of a share. Source: ResourceShare, ResourceShareInvitation (API reference)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Share:
    """A resource share: its members, and which accounts have accepted it."""

    arn: str
    name: str
    created: float
    modified: float
    external: bool
    resources: list[str] = field(default_factory=list)
    principals: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    accepted: list[str] = field(default_factory=list)

    def invitation(self, account: str) -> str:
        """ARN of an account's invitation to it."""
        return self.arn.replace(":resource-share/", ":resource-share-invitation/") + f"-{account}"

    def invites(self, account: str) -> bool:
        """Whether an account is invited to it, by its id or by one of its principals."""
        return self.status == "ACTIVE" and any(
            each == account or (each.startswith("arn:") and f":iam::{account}:" in each) for each in self.principals
        )
