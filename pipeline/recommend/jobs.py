"""
Jobs in the account: begun, looked at, found again, stopped. Each of AWS's refusals becomes one clear error.

APIs: CreateInferenceRecommendationsJob, DescribeInferenceRecommendationsJob, ListInferenceRecommendationsJobs,
ListInferenceRecommendationsJobSteps, StopInferenceRecommendationsJob, ListTags (SageMaker).
"""

from __future__ import annotations

import difflib
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from findings import exit_codes
from knowledge.recommendations import DIGITS, STAMP, job_prefix
from pipeline.errors import PipelineError
from pipeline.recommend import results
from pipeline.recommend.request import REQUEST_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from guards.live import Account
    from pipeline.recommend.request import Request
    from pipeline.recommend.results import Result

OPEN: Final = ("PENDING", "IN_PROGRESS", "STOPPING")
MOST_WORDS: Final = 400
"""Characters of AWS's words in an error: a type that there is not is answered with a list of all that there are."""
QUOTA_CODES: Final = ("ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException")


@dataclass(frozen=True)
class Jobs:
    """
    The recommendation jobs of an account.

    Args:
        account: to be asked.
        simulated: whether it is an emulated one.
        stack: of the command that is told of for a job.

    """

    account: Account
    simulated: bool
    stack: str = ""

    def command(self, option: str, name: str) -> str:
        """A command about a job as it can be typed: the stack isn't always the default one."""
        return f"`holdfast recommend --stack {self.stack} {option} {name}`"

    def begin(self, request: Request, name: str, *, asked_by: str, stack: str) -> None:
        """
        Start a job of that name.

        One that is there already with the same request is the one meant: the answer to an earlier try was lost.

        Raises:
            PipelineError: AWS refused it or didn't answer. Then nothing runs, or the message says what may.

        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.account.client("sagemaker").create_inference_recommendations_job(
                **request.call(name, asked_by=asked_by, stack=stack)
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "ResourceInUse" and self._is_of(name, request):
                return
            known = self.account.client("sagemaker").meta.service_model.shape_for("ProductionVariantInstanceType").enum
            raise _refused(error, name, request, known) from None
        except BotoCoreError as error:
            if self._is_of(name, request):
                return
            raise PipelineError(
                f"SageMaker was asked to begin job {name} and didn't answer: {error} No such job is there. Try again.",
                exit_codes.UNKNOWN,
            ) from None

    def exists(self, name: str) -> bool:
        """Whether there is a job of that name."""
        return self._described(name) is not None

    def _is_of(self, name: str, request: Request) -> bool:
        described = self._described(name)
        return described is not None and self._tags(described["JobArn"]).get(REQUEST_TAG) == request.digest

    def _described(self, name: str) -> dict[str, Any] | None:
        from guards.errors import AccountUnknown

        try:
            answer: dict[str, Any] | None = self.account.ask(
                "sagemaker", "describe_inference_recommendations_job", JobName=name
            )
        except AccountUnknown as error:
            if "ResourceNotFound" in str(error):
                return None
            raise PipelineError(f"job {name} can't be looked at. {error}", exit_codes.UNKNOWN) from error
        return answer

    def _tags(self, arn: str) -> dict[str, str]:
        from guards.errors import AccountUnknown

        try:
            found = self.account.pages("sagemaker", "list_tags", "Tags", ResourceArn=arn)
        except AccountUnknown as error:
            raise PipelineError(f"the tags of {arn} can't be read. {error}", exit_codes.UNKNOWN) from error
        return {one["Key"]: one["Value"] for one in found}

    def result(self, name: str) -> Result:
        """
        A job as it is now, with all that it has found out.

        Raises:
            PipelineError: there is no such job, or AWS didn't answer.

        """
        from guards.errors import AccountUnknown

        described = self._described(name)
        if described is None:
            raise PipelineError(f"there is no recommendation job {name} in {self.account.region}.")
        try:
            steps = self.account.pages(
                "sagemaker", "list_inference_recommendations_job_steps", "Steps", JobName=described["JobName"]
            )
        except AccountUnknown as error:
            raise PipelineError(f"the steps of job {name} can't be read. {error}", exit_codes.UNKNOWN) from error
        return results.of(described, steps, self._tags(described["JobArn"]), simulated=self.simulated)

    def listed(self, contains: str) -> list[dict[str, Any]]:
        """The jobs whose name holds a text, the newest first (no details)."""
        from guards.errors import AccountUnknown

        try:
            return self.account.pages(
                "sagemaker",
                "list_inference_recommendations_jobs",
                "InferenceRecommendationsJobs",
                NameContains=contains,
                SortBy="CreationTime",
                SortOrder="Descending",
            )
        except AccountUnknown as error:
            raise PipelineError(f"the recommendation jobs can't be listed. {error}", exit_codes.UNKNOWN) from error

    def earlier(self, request: Request) -> Result | None:
        """The newest job with the same request that runs or has found something, by whomever it was asked."""
        for one in self.listed(f"-{request.digest}-"):
            if one["Status"] in (*OPEN, "COMPLETED"):
                result = self.result(one["JobName"])
                if result.request == request.digest:
                    return result
        return None

    def running(self, prefix: str) -> list[dict[str, Any]]:
        """The jobs of a stack's endpoint that aren't over: what spends money now."""
        return [one for one in self.of_endpoint(prefix) if one["Status"] in OPEN]

    def of_endpoint(self, name: str) -> list[dict[str, Any]]:
        """All jobs of an endpoint's name."""
        ours = re.compile(rf"{re.escape(job_prefix(name))}-[0-9a-f]{{{DIGITS}}}-[0-9]{{{STAMP}}}")
        return [one for one in self.listed(job_prefix(name)) if ours.fullmatch(one["JobName"])]

    def stop(self, name: str) -> None:
        """
        Ask SageMaker to stop a job; one that is over already needs none.

        Raises:
            PipelineError: it could not be asked, so the job may go on.

        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.account.client("sagemaker").stop_inference_recommendations_job(JobName=name)
        except (ClientError, BotoCoreError) as error:
            described = self._described(name)
            if described is None or described["Status"] not in ("PENDING", "IN_PROGRESS"):
                return
            raise PipelineError(
                f"SageMaker was asked to stop job {name} and didn't: {error} It goes on and costs. Run "
                f"{self.command('--stop', name)}, or stop it in the console.",
                exit_codes.FAILED,
            ) from None


def _refused(error: Any, name: str, request: Request, known: Sequence[str]) -> PipelineError:
    details = error.response.get("Error", {})
    code, words = details.get("Code", ""), textwrap.shorten(str(details.get("Message", "")), MOST_WORDS)
    said = f"SageMaker was asked to begin job {name} and answered {code}: {words} Nothing runs."
    types = ", ".join(dict.fromkeys(each for each, _ in request.combinations)) or "those that AWS chooses"
    if code in QUOTA_CODES:
        return PipelineError(
            f"{said} The account's quota is too small for these instance types ({types}): ask for more in Service "
            "Quotas, or leave types out (recommender.instanceTypes).",
            exit_codes.FAILED,
        )
    strange = [each for each, _ in request.combinations if each not in known]
    if strange and code == "ValidationException":
        near = difflib.get_close_matches(strange[0], known, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        return PipelineError(
            f"{said} {', '.join(dict.fromkeys(strange))} is no instance type that this boto3 knows.{meant} Correct "
            "recommender.instanceTypes."
        )
    if "AccessDenied" in code:
        return PipelineError(f"{said} Give this identity the right.", exit_codes.UNKNOWN)
    bad = code in ("ValidationException", "ResourceNotFound")
    return PipelineError(
        f"{said} Correct the setting that it names." if bad else f"{said} Try again.",
        exit_codes.BAD_INPUT if bad else exit_codes.FAILED,
    )
