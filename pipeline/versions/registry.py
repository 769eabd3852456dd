"""SageMaker's Model Registry as the commands ask it: a bounded number of calls, one clear error for each that fails.

Asked: ListModelPackages, DescribeModelPackage, CreateModelPackage, UpdateModelPackage (API reference).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from findings import exit_codes
from guards.errors import AccountUnknown
from knowledge.model_packages import APPROVED, GROUP_NAME, PAGE, Place, group_of, version_of
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guards.live import Account

MOST_PAGES: Final = 100
"""Of one listing: 10,000 versions. What a filter leaves out, SageMaker may answer as empty pages."""
_DENIED = ("AccessDenied", "not authorized")


@dataclass(frozen=True)
class Listing:
    """Versions, newest first, and whether there are more."""

    versions: list[dict[str, Any]]
    more: bool


class ModelRegistry:
    """
    The groups and versions that one account reaches in one Region.

    Args:
        account: whom to ask.

    """

    def __init__(self, account: Account) -> None:
        self.account = account

    # --- what is meant --------------------------------------------------------------------------------------------

    def group(self, text: str) -> Place:
        """
        The group that a name or ARN means.

        Raises:
            PipelineError: it is neither, or a group of another Region.

        """
        place = group_of(text)
        if place is None and GROUP_NAME.fullmatch(text):
            number, partition = self._identity()
            place = Place(partition, self._region(), number, text)
        if place is None:
            raise PipelineError(f"{text!r} is neither the name nor the ARN of a model package group.")
        return self._here(place, text)

    def version(self, text: str, group: str) -> str:
        """
        The ARN of the version that a text means: an ARN, `<group>/<number>`, a number in `group`, or `latest` of it.

        Raises:
            PipelineError: it means none.

        """
        place = version_of(text)
        if place is not None:
            self._here(place, text)
            return text
        if text == "latest":
            newest = self.newest(self.group(_needed(group, text)))
            if newest is None:
                raise PipelineError(f"Group {group} has no versions. Register one: holdfast register, or holdfast up.")
            return str(newest["ModelPackageArn"])
        name, _, number = text.rpartition("/") if "/" in text else (group, "", text)
        if not number.isdigit():
            raise PipelineError(
                f"{text!r} is no version: give its ARN, its number, <group>/<number>, or latest (holdfast versions "
                "lists them)."
            )
        found = self.group(_needed(name, text))
        return found.versions_arn.replace("/*", f"/{int(number)}")

    def _here(self, place: Place, text: str) -> Place:
        region = self._region()
        if place.region != region:
            raise PipelineError(
                f"{text} is in Region {place.region}, and SageMaker is asked in {region}: a registry is of one Region. "
                f"Name one of {region}, or say --region {place.region}."
            )
        return place

    def _identity(self) -> tuple[str, str]:
        number, partition = self._known(self.account.identity)
        return str(number), str(partition)

    def _region(self) -> str:
        return str(self._known(lambda: self.account.region))

    @staticmethod
    def _known(read: Any) -> Any:
        try:
            return read()
        except AccountUnknown as error:
            raise PipelineError(str(error), exit_codes.UNKNOWN) from error

    # --- asking ---------------------------------------------------------------------------------------------------

    def ask(self, operation: str, what: str, **parameters: Any) -> dict[str, Any] | None:
        """
        One read; None when the thing isn't there.

        Raises:
            PipelineError: no answer could be had, or it was denied.

        """
        try:
            answer: dict[str, Any] | None = self.account.ask("sagemaker", operation, **parameters)
        except AccountUnknown as error:
            raise PipelineError(f"{error}{self._whose(what, str(error))}", exit_codes.UNKNOWN) from error
        return answer

    def _whose(self, arn: str, said: str) -> str:
        """Where a denied call may have been denied: another account's group has a policy of its own."""
        place = group_of(arn) or version_of(arn)
        if place is None or not any(word in said for word in _DENIED) or place.account == self._identity()[0]:
            return ""
        return (
            f" The group is account {place.account}'s: its policy has to name account {self._identity()[0]} "
            "(modelPackageGroup.trainingAccounts or deployingAccounts there)."
        )

    def listing(self, group: Place, *, most: int, approval: str = "") -> Listing:
        """
        The newest versions of a group, at most `most`, by at most 100 calls.

        Raises:
            PipelineError: there is no such group, or it can't be listed.

        """
        found: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        chosen = {"ModelApprovalStatus": approval} if approval else {}
        for _ in range(MOST_PAGES):
            answer = self.ask(
                "list_model_packages",
                group.group_arn,
                ModelPackageGroupName=group.group_arn,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=min(PAGE, most - len(found)),
                **chosen,
                **more,
            )
            if answer is None:
                raise PipelineError(
                    f"There is no model package group {group.name} in account {group.account} ({group.region}). Deploy "
                    "a stack that has it (setting modelPackageGroup), or name another."
                )
            found += answer["ModelPackageSummaryList"]
            more = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
            if not more or len(found) >= most:
                return Listing(found[:most], bool(more))
        return Listing(found, more=True)

    def newest(self, group: Place, approval: str = "") -> dict[str, Any] | None:
        """The newest version of a group, or the newest of an approval; None when there is none."""
        found = self.listing(group, most=1, approval=approval).versions
        return found[0] if found else None

    def latest_approved(self, group: Place) -> dict[str, Any]:
        """
        The newest approved version.

        Raises:
            PipelineError: none is approved.

        """
        found = self.newest(group, APPROVED)
        if found is None:
            raise PipelineError(
                f"No version of group {group.name} is approved, so there is nothing to deploy. Approve one: holdfast "
                "approve <version> --reason ..."
            )
        return found

    def describe(self, arn: str) -> dict[str, Any]:
        """
        DescribeModelPackage.

        Raises:
            PipelineError: there is no such version, or it can't be read.

        """
        found = self.ask("describe_model_package", arn, ModelPackageName=arn)
        if found is None:
            raise PipelineError(f"There is no version {arn}. holdfast versions lists those that there are.")
        return found

    # --- acting ---------------------------------------------------------------------------------------------------

    def create(self, definition: Mapping[str, Any]) -> str:
        """
        CreateModelPackage; the version's ARN.

        Raises:
            PipelineError: SageMaker refused; nothing was registered.

        """
        group = str(definition["ModelPackageGroupName"])
        return str(self._act("create_model_package", group, **definition)["ModelPackageArn"])

    def update(self, arn: str, **changes: Any) -> None:
        """
        UpdateModelPackage.

        Raises:
            PipelineError: SageMaker refused; the version is as it was.

        """
        self._act("update_model_package", arn, ModelPackageArn=arn, **changes)

    def _act(self, operation: str, about: str, **parameters: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        call = f"sagemaker:{operation.title().replace('_', '')}"
        try:
            answer: dict[str, Any] = getattr(self.account.client("sagemaker"), operation)(**parameters)
        except ClientError as error:
            told = error.response.get("Error", {})
            code, said = str(told.get("Code", "")), " ".join(str(told.get("Message", "")).split()).rstrip(".")
            fault = exit_codes.BAD_INPUT if code == "ValidationException" else exit_codes.FAILED
            hint = self._whose(about, f"{code} {said}")
            message = f"{call} was asked for {about} and answered {code}: {said}. Nothing was changed.{hint}"
            raise PipelineError(message, fault) from None
        except ParamValidationError as error:
            said = " ".join(str(error).split())
            message = f"{call} was to be asked for {about} and can't be: {said}. Nothing was changed."
            raise PipelineError(message) from None
        except BotoCoreError as error:
            message = (
                f"{call} was asked for {about} and no answer came: {error}. Whether it was done isn't known: look with "
                "holdfast versions; asking again registers nothing twice."
            )
            raise PipelineError(message, exit_codes.UNKNOWN) from None
        return answer


def _needed(group: str, text: str) -> str:
    if not group:
        raise PipelineError(
            f"Which group {text!r} is of isn't known: the stack's settings name none (modelPackageGroup, modelVersion)."
            " Give the version's ARN, or <group>/<number>."
        )
    return group
