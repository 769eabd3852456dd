"""The chosen trial in the stack's settings: instance type, count, variables, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.recommend.results import moment

if TYPE_CHECKING:
    from pipeline.recommend.results import Result, Trial
    from pipeline.stack_file import StackFile

RECOMMENDATION = "recommendation"


def withheld(given: Mapping[str, Any], file: str) -> str:
    """Why a trial's variables don't go into `environment`; "" where they do. The settings would contradict."""
    version = given.get("modelVersion")
    if given.get("modelPackage") and not version:
        return "modelPackage says what is deployed, its variables included: have a version registered with them"
    if isinstance(version, Mapping) and version.get("containers"):
        return f"modelVersion.containers says what is registered: set them there, in {file}"
    return ""


def implied(given: Mapping[str, Any], chosen: Trial, file: str) -> str:
    """What follows from a trial's variables for whoever applies it; "" where nothing does."""
    if not chosen.environment:
        return ""
    if reason := withheld(given, file):
        return f"Its variables ({chosen.variables}) are not written, and the figures hold with them alone: {reason}."
    if given.get("modelVersion"):
        return (
            f"Its variables ({chosen.variables}) are part of the version that this stack registers: the `holdfast up` "
            "that follows registers a new one, which is approved like any other, and which the next `holdfast "
            "recommend` tries."
        )
    return ""


def apply(file: StackFile, result: Result, chosen: Trial) -> dict[str, Any]:
    """
    Write it, all or nothing; what was written, with what stood there before. All else stays as people wrote it.

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
    given = {name: file.setting(name) for name in ("modelPackage", "modelVersion")}
    variables = {} if withheld(given, file.path.name) else dict(chosen.environment)
    wanted: dict[str, Any] = {
        "instanceType": chosen.instance_type,
        "instanceCount": chosen.count or 1,
        **({"environment": variables} if variables else {}),
        RECOMMENDATION: source,
    }
    if not result.simulated and (file.setting(RECOMMENDATION) or {}).get("simulated"):
        source["simulated"] = False  # an entry that stays in the file mustn't call a real figure simulated
    before = {name: file.setting(name) for name in wanted}
    file.put_all(wanted)
    return {name: {"before": before[name], "after": file.setting(name)} for name in wanted}
