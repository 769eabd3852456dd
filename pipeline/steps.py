"""
The steps of a run as the engine tells them, in the words of the plan: step, type, name, and why.

A replacement shows as what happens when: `create new` in its place, `delete old` where it comes, at the end or, before
a replacement that can't wait, in the middle. The engine's display-only `replace` is left out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.automation.events import StepEventMetadata

STACK_TYPE = "pulumi:pulumi:Stack"

WORDS: dict[str, str] = {
    "create": "create",
    "update": "update",
    "create-replacement": "create new",
    "delete-replaced": "delete old",
    "delete": "delete",
    "read": "read",
    "read-replacement": "read new",
    "refresh": "refresh",
    "discard": "forget",
    "discard-replaced": "forget old",
    "import": "import",
    "import-replacement": "import new",
    "remove-pending-replace": "forget old",
}
"""What each operation of the engine is called in the plan; those left out (`same`, `replace`) are no row of it."""


_RETAINED = {"delete": "discard", "delete-replaced": "discard-replaced"}


@dataclass
class Step:
    """One row of the plan, and what became of it."""

    op: str
    urn: str
    type: str
    name: str
    why: str
    status: str = "planned"
    """planned, running, done or failed."""
    retained: bool = False
    """It leaves the stack and stays in the account (retainOnDelete)."""

    @property
    def words(self) -> str:
        """What the plan calls it."""
        return WORDS[_RETAINED.get(self.op, self.op) if self.retained else self.op]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {**asdict(self), "step": self.words}


def step_of(metadata: StepEventMetadata, *, destroying: bool = False) -> Step | None:
    """The row for an engine's step; None for what the plan leaves out (unchanged, providers, the stack itself)."""
    op = str(metadata.op.value)
    if op not in WORDS or metadata.type == STACK_TYPE or metadata.type.startswith("pulumi:providers:"):
        return None
    retained = op in _RETAINED and bool(metadata.old and metadata.old.retain_on_delete)
    reason = why(op, metadata, destroying=destroying) + ("; it stays in the account" if retained else "")
    return Step(op, metadata.urn, metadata.type, name_of(metadata.urn), reason, retained=retained)


def why(op: str, metadata: StepEventMetadata, *, destroying: bool = False) -> str:
    """Why this step happens, from what the engine says changed."""
    changed = ", ".join(sorted(metadata.detailed_diff or ()) or metadata.diffs or ())
    replacing = ", ".join(metadata.keys or ())
    match op:
        case "create":
            return "new in the program"
        case "update" if metadata.old and metadata.old.init_errors:
            return "its last update did not finish"
        case "update":
            return f"changed: {changed}" if changed else "its options changed"
        case "create-replacement":
            return f"can't be changed in place: {replacing or changed}"
        case "delete-replaced" | "discard-replaced":
            return "replaced; nothing uses it any more"
        case "delete" | "discard":
            return "the stack is destroyed" if destroying else "no longer in the program"
        case "refresh":
            return "read from the account"
        case _:
            return changed


GONE = "gone from the account"
DIFFERED = "differed in the account"


def what_was_read(metadata: StepEventMetadata) -> str:
    """What a refresh of one resource found; the engine tells its result as an operation."""
    match str(metadata.op.value):
        case "delete":
            return GONE
        case "update":
            changed = ", ".join(sorted(metadata.detailed_diff or ()) or metadata.diffs or ())
            return f"{DIFFERED}: {changed}" if changed else DIFFERED
        case _:
            return "as in the account"


def refreshed(steps: list[Step]) -> str:
    """The last word of a refresh: whether state and account agreed, and what did not."""
    differed = [step.name for step in steps if step.why.startswith(DIFFERED)]
    gone = [f"{step.type} {step.name}" for step in steps if step.why == GONE]
    said = [f"{len(differed)} differed in the account ({', '.join(differed)})"] if differed else []
    said += [f"{len(gone)} gone from it ({', '.join(gone)}); the next up makes them anew"] if gone else []
    return f"The state follows the account now: {'; '.join(said)}." if said else "State and account agree."


def name_of(urn: str) -> str:
    """The logical name at the end of a URN; it may hold `::` itself, the four parts before it can't."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) == 4 else urn  # noqa: PLR2004


def short_type(token: str) -> str:
    """`sagemaker:Model` for `aws:sagemaker/model:Model`."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    module = module.partition("/")[0]
    return f"{module}:{name}" if package == "aws" else f"{package}:{name}"
