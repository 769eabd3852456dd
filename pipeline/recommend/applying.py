"""The chosen trial in the stack's settings: instance type, count, variables, and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.recommend.results import moment

if TYPE_CHECKING:
    from pipeline.recommend.results import Result, Trial
    from pipeline.stack_file import StackFile

RECOMMENDATION = "recommendation"


def apply(file: StackFile, result: Result, chosen: Trial) -> dict[str, Any]:
    """
    Write it; what was written, with what stood there before. All else in the file stays as people wrote it.

    Raises:
        PipelineError: the file can't be edited; what it says was not written is to be written by hand.

    """
    completed = result.completed or result.asked
    source: dict[str, str | bool] = {
        "job": result.job,
        "instanceType": chosen.instance_type,
        "completed": moment(completed),
    }
    if result.simulated:
        source["simulated"] = True
    wanted: dict[str, Any] = {
        "instanceType": chosen.instance_type,
        "instanceCount": chosen.count or 1,
        **({"environment": dict(chosen.environment)} if chosen.environment else {}),
        RECOMMENDATION: source,
    }
    if not result.simulated and (file.setting(RECOMMENDATION) or {}).get("simulated"):
        source["simulated"] = False  # an entry that stays in the file mustn't call a real figure simulated
    before = {name: file.setting(name) for name in wanted}
    for name, value in wanted.items():
        file.put(name, value)
    return {name: {"before": before[name], "after": file.setting(name)} for name in wanted}
