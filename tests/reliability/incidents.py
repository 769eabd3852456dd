"""What can happen during a change, and what a history can find."""

from __future__ import annotations

from dataclasses import dataclass


class Broken(AssertionError):  # noqa: N818  # it is what a history finds
    """Something that must always hold doesn't. `kind` is a word for counting."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(f"{kind}: {words}")
        self.kind = kind


@dataclass(frozen=True)
class Incident:
    """What happens during a change: nothing, a fault, a kill, a patch event or autoscaling, and at which save."""

    kind: str = "nothing"
    fault: str = ""
    save: int = 0
    persisted: bool = True
    count: int = 0

    @property
    def label(self) -> str:
        """How it is counted."""
        return self.fault.partition(":")[0] if self.kind == "fault" else self.kind


NOTHING = Incident()
