"""What a resource type is to the provider: a description, and four calls that are regular unless a type says otherwise.

A type states its facts as class attributes; lifecycle.py, checking.py and differing.py act on them. Paths are
Pulumi's names joined by dots, with [] after a list (`productionVariants[].modelName`).
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rehearsal.provider import api, names
from rehearsal.provider.account import LATER_STEP, SHORT_STEPS, STEP, Account
from rehearsal.provider.refusals import AccountRefusal, ProviderRefusal, WaitFailed

if TYPE_CHECKING:
    from rehearsal.provider.tagging import Tagging
    from rehearsal.values import Properties

APART = ("tags", "tagsAll", "region")
"""Properties that the core looks after for all types."""


@dataclass(frozen=True)
class AutoName:
    """The property that gets `<logical name>-<7 hex digits>` when it isn't set.

    Args:
        property: its name.
        limit: the longest name, in characters.
        lower: whether the logical name is put into lower case first.
        prefix: what goes before the logical name.
        unless: properties that, being set, take the automatic name's place (`namePrefix`).

    """

    property: str = "name"
    limit: int = 255
    lower: bool = False
    prefix: str = ""
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limit:
    """What a known value may be.

    Args:
        pattern: a regular expression the whole text must match, and `says` its words.
        least, most: bounds of a number.
        longest: characters of a text.
        few, many: bounds of a list's length.
        choices: the only values.

    """

    pattern: str | None = None
    says: str = ""
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    few: int | None = None
    many: int | None = None
    choices: tuple[Any, ...] = ()


class Resource:
    """One type. Subclasses are stateless descriptions; `TYPES` holds one instance each."""

    token: ClassVar[str]
    noun: ClassVar[str]
    """AWS's words for it, for messages: "SageMaker Model"."""
    service: ClassVar[str]
    """boto3's name of the service."""
    regional: ClassVar[bool] = True
    id_property: ClassVar[str] = "name"
    auto_name: ClassVar[AutoName | None] = None
    defaults: ClassVar[dict[str, Any]] = {}
    """Path -> value that Check fills in."""
    limits: ClassVar[dict[str, Limit]] = {}
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Groups of properties of which exactly one must be set."""
    conflicts: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Groups of properties of which at most one may be set."""
    replaces: ClassVar[tuple[str, ...]] = ()
    """Paths whose change replaces. A block stands only for its being added or removed, a leaf for all below it."""
    replaces_all_but: ClassVar[tuple[str, ...] | None] = None
    """Instead of `replaces`: every path replaces except these and what is below them."""
    delete_before_replace: ClassVar[bool] = False
    optional_computed: ClassVar[tuple[str, ...]] = ()
    """Inputs that, not being set, AWS fills in: no difference when they are absent."""
    sets: ClassVar[tuple[str, ...]] = ()
    """Lists without an order."""
    documents: ClassVar[tuple[str, ...]] = ()
    """Policy documents: compared by meaning."""
    unread: ClassVar[tuple[str, ...]] = ()
    """Inputs that AWS doesn't tell back; the state keeps what was asked."""
    lacks: ClassVar[tuple[str, ...]] = ()
    """Inputs that this provider doesn't carry out: they are refused, never ignored."""
    recomputed: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Output -> inputs whose change makes it unknown until the update is done."""

    create_operation: ClassVar[str] = ""
    read_operation: ClassVar[str] = ""
    delete_operation: ClassVar[str] = ""
    id_parameter: ClassVar[str] = ""
    """The parameter of read and delete that takes the id."""
    answer: ClassVar[str] = ""
    """The member of the read answer that describes the resource; empty: the answer itself."""
    renames: ClassVar[api.Renames] = {}
    missing: ClassVar[tuple[tuple[str, str], ...]] = ()
    """(error code, words) that mean: it doesn't exist. An empty code means any."""
    tagging: ClassVar[Tagging | None] = None

    # -- what names.json knows ---------------------------------------------------------------------------------------

    def inputs(self) -> dict[str, Any]:
        """Name -> node of the inputs."""
        return names.inputs(self.token)

    def outputs(self) -> dict[str, Any]:
        """Name -> node of the outputs."""
        return names.outputs(self.token)

    @property
    def computed(self) -> tuple[str, ...]:
        """Outputs that can't be set."""
        return tuple(name for name in self.outputs() if name not in self.inputs())

    # -- the four calls ----------------------------------------------------------------------------------------------

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """What else is wrong with the inputs: (property, reason)."""
        return []

    def named(self, inputs: Properties, logical_name: str) -> Properties:
        """Defaults that come from the logical name, beside the automatic name: (property -> value)."""
        return {}

    def planned(self, account: Account, inputs: Properties) -> Properties:
        """What the account tells of the outputs while a change is previewed. Raises ProviderRefusal: it can't be."""
        return {}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Whether two values of a top-level property mean the same in a way that only this type knows."""
        return False

    def suppressed(self, path: str, state: Properties, news: Properties) -> bool:
        """Whether a difference counts for nothing."""
        return False

    def replaced_by(self, path: str, state: Properties, news: Properties) -> bool:
        """Whether a difference replaces for a reason that only this type knows."""
        return False

    def create(self, account: Account, inputs: Properties) -> str:
        """Make it.

        Returns:
            its id.

        """
        account.call(self.service, self.create_operation, **self.request(account, self.create_operation, inputs))
        return str(inputs[self.id_property])

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The account's truth, property by property; None for one that isn't set, and for all if it doesn't exist."""
        return self.flatten(account, self.describe(account, id_))

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Bring it from the old state to the new inputs; tags are none of its business.

        Args:
            account: where it is.
            id_: its id.
            old: the outputs recorded.
            new: the inputs wanted.
            changed: the top-level properties that differ.

        """
        unhandled = ", ".join(sorted(changed))
        raise ProviderRefusal(
            f"{self.noun} {id_} can't be changed in place, and {unhandled} differ: a defect of this provider"
        )

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """Take it away; what is gone already is no error."""
        account.call(self.service, self.delete_operation, **{self.id_parameter: id_})

    def imported(self, account: Account, id_: str) -> Properties:
        """What an id alone says of the state, for an import."""
        return {self.id_property: id_}

    # -- for subclasses ----------------------------------------------------------------------------------------------

    def request_as(self, account: Account, operation: str, values: Properties, renames: api.Renames) -> dict[str, Any]:
        """The parameters of an operation that the properties give under these renames, without tags."""
        shape = account.operation(self.service, operation).input_shape
        return api.request(shape, {name: value for name, value in values.items() if name not in APART}, renames)

    def request(self, account: Account, operation: str, values: Properties) -> dict[str, Any]:
        """The parameters of an operation that the properties give, tags among them."""
        shape = account.operation(self.service, operation).input_shape
        made = self.request_as(account, operation, values, self.renames)
        if self.tagging and values.get("tags") and (place := self.tagging.at_creation(shape)):
            made[place] = self.tagging.written(values["tags"])
        return made

    def describe(self, account: Account, id_: str) -> dict[str, Any]:
        """AWS's description."""
        found = account.call(self.service, self.read_operation, **{self.id_parameter: id_})
        if not self.answer:
            return found
        described = found[self.answer]
        return dict(described[0] if isinstance(described, list) else described)

    def flatten(self, account: Account, found: dict[str, Any]) -> Properties:
        """A description in Pulumi's names; properties AWS could have told and didn't are None."""
        shape = account.operation(self.service, self.read_operation).output_shape
        if self.answer:
            shape = shape.members[self.answer]
            shape = getattr(shape, "member", shape)
        told = {**dict.fromkeys(shape.members), **found}
        return api.response({k: v for k, v in self.outputs().items() if k not in APART}, told, self.renames)

    def gone(self, error: AccountRefusal) -> bool:
        """Whether a refusal means that it doesn't exist."""
        return any(
            (not code or error.error == code) and words.lower() in error.words.lower() for code, words in self.missing
        )


def unique_name(prefix: str) -> str:
    """A prefix and 26 characters that no other name has, the way Terraform makes them."""
    return f"{prefix}{time.strftime('%Y%m%d%H%M%S', time.gmtime())}{uuid.uuid4().hex[:12]}"


def wait_for(account: Account, look: Any, *, target: set[str], pending: set[str], seconds: float, what: str) -> Any:
    """Look until the status is a target.

    Args:
        account: whose time passes.
        look: returns (status, whatever).
        target: statuses that end the wait well.
        pending: statuses to wait through; any other ends the wait at once.
        seconds: how long to wait, in the account's time.
        what: the resource, for messages.

    Returns:
        what `look` returned beside the status.

    Raises:
        WaitFailed: another status, or the time is over.

    """
    waited, looks = 0.0, 0
    while True:
        status, found = look()
        if status in target:
            return found
        if status not in pending:
            reason = found.get("FailureReason") if isinstance(found, dict) else None
            raise WaitFailed(
                f"{what} is {status}, wanted {' or '.join(sorted(target))}. AWS's reason: {reason or 'none was given'}",
            )
        if account.cancelled.is_set():
            raise WaitFailed(f"{what} is still {status}; the run was cancelled while it was waited for")
        if waited >= seconds:
            raise WaitFailed(f"{what} is still {status} after {seconds / 60:g} minutes of the account's time")
        looks += 1
        step = STEP if looks <= SHORT_STEPS else LATER_STEP
        account.pass_time(step)
        waited += step


def matches(pattern: str, text: str) -> bool:
    """Whether a text is as a pattern says, from end to end."""
    return re.fullmatch(pattern, text) is not None
