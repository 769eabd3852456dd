"""What is looked at in the account before a plan, beside what packs and guards see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.stack_file import StackFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from findings.finding import Finding
    from pipeline.operation import Target


def before_a_change(target: Target, config: Mapping[str, str], exported: Callable[[], Any]) -> list[Finding]:
    """
    What stands against the image in a private registry, and against recommendation jobs.

    Args:
        target: what is to be changed.
        config: what the stack's file sets.
        exported: gives the stack's deployment as it is now.

    Raises:
        PipelineError: a setting can't be used.

    """
    file = StackFile(target.project, target.stack)
    found: list[Finding] = []
    if file.setting("registry") or "registry" in target.settings:
        from pipeline import preflight
        from pipeline.registry.preflight import before_acting

        found += before_acting(preflight.look(file, target.settings, None, {}))
    if file.setting("recommender") or "recommender" in target.settings:
        from guards.live import Account
        from pipeline.recommend import of_stack, previewing

        account = Account(region=config.get("aws:region"))
        found += previewing.look(file, target.settings, of_stack.outputs_in(exported()), account)
    return found


def before_a_destruction(target: Target, config: Mapping[str, str]) -> list[Finding]:
    """Recommendation jobs that run in what is to be destroyed; raises as `before_a_change` does."""
    file = StackFile(target.project, target.stack)
    if not file.setting("recommender"):
        return []
    from guards.live import Account
    from pipeline.recommend import previewing

    return previewing.still_running(file, Account(region=config.get("aws:region")))
