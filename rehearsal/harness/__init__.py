"""The harness: run a Pulumi program, or a single rule of a policy pack, in a test. docs/harness.md shows how.

`rehearse` and `judge` are pytest fixtures (plug-in `rehearsal`); here are the types of what they hand out. Nothing in
here knows the program or the pack that is tested.
"""

from rehearsal.harness.judging import Judge, Judgement, Resource, resource
from rehearsal.harness.rehearsed import Rehearsed
from rehearsal.harness.runs import Remark, Run, RunWentOtherwise, State, Step, Violation
from rehearsal.values import UNKNOWN, Secret

__all__ = [
    "UNKNOWN",
    "Judge",
    "Judgement",
    "Rehearsed",
    "Remark",
    "Resource",
    "Run",
    "RunWentOtherwise",
    "Secret",
    "State",
    "Step",
    "Violation",
    "resource",
]
