"""What is registered in another account's group can be read there, and may be registered.

Source: "Register a Model Version from a Different Account" (SageMaker Developer Guide, model-registry-version). Asked:
SageMaker DescribeModelPackageGroup, and what `guards.shared_access` asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds
from guards.deletions import describe, finding
from guards.errors import AccountUnknown
from guards.packages import is_denied, state_in
from guards.shared_access import NO_KEY, artifact_key, sentence, withheld
from knowledge.cross_account import Reader
from knowledge.model_packages import containers_in, group_of, pinned_image, urls_of
from knowledge.policy_documents import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guards.judge import Judge
    from guards.live import Account
    from guards.plan import Operation
    from guards.report import Report

REGISTRATION = "registry-can-read-the-version"
NEW_GROUP = "model-package-group-is-new"


def judge_group(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a group whose name is taken before anything is made beside it: groups with versions outlive stacks."""
    name = operation.new_inputs.get("modelPackageGroupName")
    if not isinstance(name, str) or not name or any(one.id == name for one in judge.plan.leaving.values()):
        return
    if judge.account().ask("sagemaker", "describe_model_package_group", ModelPackageGroupName=name) is None:
        return
    message = (
        f"{describe(operation, 'model package group')} is to be made as {name}, but there is a group of that name: "
        "another stack's, or one that stayed with its versions when its stack went."
    )
    fix = (
        f"To register in it, set modelVersion.group to {name} and leave modelPackageGroup out; or choose another name."
    )
    report.give(finding(operation, NEW_GROUP, message, severity="high", fix=fix))


def judge_registration(operation: Operation, judge: Judge, report: Report) -> None:
    """Refuse a version for another account's group that could not be read there, or may not be registered there."""
    state = state_in(operation.new_inputs.get("desiredState"))
    if operation.new_inputs.get("typeName") != kinds.MODEL_PACKAGE or state is None:
        return
    account = judge.account()
    place = group_of(str(state.get("ModelPackageGroupName", "")))
    if place is None or place.account == account.identity()[0]:
        return

    def refuse(why: str, fix: str, outcome: str = "violated") -> None:
        message = f"{describe(operation, 'model version')} is to be registered in {place.group_arn}, but {why}."
        report.give(finding(operation, REGISTRATION, message, outcome=outcome, severity="high", fix=fix))

    if place.region != account.region:
        refuse(f"that is in Region {place.region}, and the stack in {account.region}", "Name a group of this Region.")
        return
    try:
        account.ask("sagemaker", "describe_model_package_group", ModelPackageGroupName=place.group_arn)
    except AccountUnknown as error:
        if not is_denied(error):
            raise
        refuse(
            f"account {account.identity()[0]} is denied sagemaker:DescribeModelPackageGroup on it: the group policy of "
            f"account {place.account} lacks the statement for training account {account.identity()[0]}, or this "
            "identity's own policies do",
            "Name this account in the group's policy (modelPackageGroup.trainingAccounts there), and allow the "
            "identity that registers the same (TrainingAccountAccess, registrars).",
        )
        return
    if why := unreadable_there(account, place.account, state, judge):
        refuse(why[0], why[1], "unknown" if why[2] else "violated")


def unreadable_there(
    account: Account, registry: str, state: Mapping[str, Any], judge: Judge | None
) -> tuple[str, str, bool] | None:
    """What keeps the registry's account from reading a version: why, what to do, and whether that is only unknown."""
    images = [pinned_image(one) for one in containers_in(state)]
    keys: list[str] = []
    for url in urls_of(state):
        key = artifact_key(account, url)
        if key is None:
            return f"its artifact {url} isn't there", "Upload it first.", False
        if not key:
            return f"its artifact {url} can't cross accounts: {NO_KEY}", "Encrypt it with a key of your own.", False
        keys.append(key)
    plan = judge.plan if judge is not None else None
    gaps = withheld(account, Reader(registry, "registry"), images, urls_of(state), dict.fromkeys(keys), plan)
    if not gaps:
        return None
    fix = "Let TrainingAccountAccess write the documents (a stack's modelVersion does), or add the statement."
    return sentence(gaps), fix, gaps[0][1] is Outcome.UNKNOWN
