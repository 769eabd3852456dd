"""What something of this account's reaches, here or in another account, by its own policies and the resource's.

Within the account its state is looked at; what belongs to an emulated account beside it is asked of that one
(neighbours.py). What belongs to an account that isn't emulated can't be judged and counts as there and readable: AWS's
own images lie in such accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account import access, authorisation
from rehearsal.account.authorisation import Decision
from rehearsal.account.resource_policies import Principal, Verdict, decide, root_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rehearsal.account.holdings import Holdings, ImageReference

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")


class Reader:
    """
    Who reads: a role of this account, or the account itself.

    Args:
        holdings: the account's resources.
        role: moto's role; None for the account itself, whom its own policies don't limit.

    """

    def __init__(self, holdings: Holdings, role: Any | None) -> None:
        self._holdings = holdings
        self._role = role
        self.principal = Principal(holdings.account, role.arn) if role is not None else root_of(holdings.account)

    # --- what is there ----------------------------------------------------------------------------------------------

    def objects(
        self, location: tuple[str, str], actions: Iterable[str] = ("s3:GetObject",), *, prefix: bool = False
    ) -> dict[str, Any] | None:
        """An object, or those under a prefix, as access.objects tells them; None: no account has the bucket."""
        asked = list(actions)
        own = access.objects(self._holdings, location, self.principal, asked, prefix=prefix)
        if own is not None or self._holdings.neighbours is None:
            return own
        who = {"account": self.principal.account, "arn": self.principal.arn}
        found = self._holdings.neighbours.anyone(
            "objects", location=list(location), reader=who, actions=asked, prefix=prefix
        )
        return None if found is None else dict(found)

    def image(self, reference: ImageReference, named: str, actions: Iterable[str] = PULL) -> dict[str, Any] | None:
        """An image as access.image tells it; None when its account isn't emulated."""
        asked = list(actions)
        if reference.account == self._holdings.account:
            return access.image(self._holdings, named, self.principal, asked)
        neighbours = self._holdings.neighbours
        if neighbours is None or not knows(self._holdings, reference.account):
            return None
        who = {"account": self.principal.account, "arn": self.principal.arn}
        return dict(neighbours.ask(reference.account, "image", named=named, reader=who, actions=asked))

    def key(self, named: str, region: str, action: str, context: Mapping[str, str]) -> dict[str, Any]:
        """A key as access.key tells it."""
        account = named.split(":")[4] if named.startswith("arn:") else self._holdings.account
        neighbours = self._holdings.neighbours
        if account == self._holdings.account or neighbours is None or not knows(self._holdings, account):
            return access.key(self._holdings, (named, region), self.principal, action, dict(context))
        who = {"account": self.principal.account, "arn": self.principal.arn}
        asked = {"named": named, "region": named.split(":")[3], "action": action, "context": dict(context)}
        return dict(neighbours.ask(account, "key", reader=who, **asked))

    # --- what may be done -------------------------------------------------------------------------------------------

    def may(
        self, owner: str, action: str, resource: str, says: Mapping[str, Any], context: Mapping[str, str] | None = None
    ) -> Decision:
        """Whether an action is allowed on a resource of `owner`, whose policy says what it says (access.py)."""
        verdict = Verdict(**says)
        return decide(self.own(action, resource, context), verdict, same_account=owner == self.principal.account)

    def own(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> Decision:
        """What the reader's own policies say."""
        if self._role is None:
            return Decision(True, f"{self.principal.arn} is the account itself")
        return authorisation.authorise(self._role, action, resource, {**self.principal.context(), **(context or {})})

    def may_decrypt(self, held: Mapping[str, Any], owner: str, region: str) -> tuple[dict[str, Any], Decision] | None:
        """The key of an object of `owner`, and whether it may be used to decrypt it; None when it has no KMS key."""
        named = held["kms"]
        if named is None:
            return None
        if named == "aws/s3":
            words = "its key is one that AWS manages for Amazon S3, which no other account can use"
            return {"state": "Enabled", "arn": "aws/s3"}, Decision(owner == self.principal.account, words)
        arn = named
        if not named.startswith("arn:"):  # an id or an alias is the owner's
            arn = f"arn:aws:kms:{region}:{owner}:{named if named.startswith('alias/') else f'key/{named}'}"
        context = {
            "kms:ViaService": f"s3.{region}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": held["arn"],
        }
        found = self.key(arn, region, "kms:Decrypt", context)
        return found, self._use(found, "kms:Decrypt", context)

    def _use(self, found: Mapping[str, Any], action: str, context: Mapping[str, str]) -> Decision:
        """A key's policy, or a grant, must allow; directly, or by way of the account and its own policies."""
        verdict = Verdict(**found["says"])
        own = self.own(action, found["arn"], context)
        if verdict.outcome != "allow" or own.denied:
            return Decision(False, own.reason if own.denied else verdict.reason)
        owner = found["arn"].split(":")[4] if found["arn"].startswith("arn:") else self.principal.account
        grant = verdict.reason.startswith("a grant")
        if verdict.directly and (owner == self.principal.account or grant):
            return Decision(True, verdict.reason)
        return own


def knows(holdings: Holdings, account: str) -> bool:
    """Whether an account is emulated: this one, or one beside it."""
    return account == holdings.account or (holdings.neighbours is not None and holdings.neighbours.knows(account))
