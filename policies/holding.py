"""What the rules about keys and buckets that have to stay share: protected, or marked by the guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.tokens import GUARDED_TAG

if TYPE_CHECKING:
    from policies.use import Use
    from policies.verdict import Verdict


def judge_held(uses: list[Use], none: str, verdict: Verdict) -> None:
    """Judge what is in use; `none` says why the rule is not applicable when nothing is."""
    if not uses:
        verdict.not_applicable(none)
    for use in uses:
        with verdict.considering(use.used):
            if not use.used.options.protect and use.used.tag(GUARDED_TAG) != "true":
                verdict.violated(
                    use.used,
                    f"neither the resource option protect nor the tag {GUARDED_TAG} is set, so nothing refuses its "
                    "deletion while an endpoint needs it.",
                    path=use.path,
                )
