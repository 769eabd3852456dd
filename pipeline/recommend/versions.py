"""The registered version that a job tries: whether it is one, and what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from findings.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.live import Account

RULES = "a job tries what is registered, so that what is deployed later is what was tried"


def described(account: Account, arn: str) -> dict[str, Any]:
    """DescribeModelPackage; empty when there is none. Raises AccountUnknown when AWS can't be asked."""
    found: dict[str, Any] = account.ask("sagemaker", "describe_model_package", ModelPackageName=arn) or {}
    return found


def containers(version: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the version, its further inference specifications included."""
    specifications = [
        version.get("InferenceSpecification") or {},
        *(version.get("AdditionalInferenceSpecifications") or []),
    ]
    return [each for one in specifications for each in one.get("Containers") or []]


def artifacts(container: dict[str, Any]) -> Iterator[str]:
    """S3 URLs of a container's model data."""
    if container.get("ModelDataUrl"):
        yield container["ModelDataUrl"]
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    if source.get("S3Uri"):
        yield source["S3Uri"]


def judged(account: Account, arn: str, check: str) -> Finding:
    """Whether it is registered, and can be tried."""
    version = described(account, arn)
    status, said = version.get("ModelPackageStatus"), version.get("ModelApprovalStatus") or "no approval"
    outcome: Literal["violated", "passed"] = "violated"
    if not version:
        message = f"There is no registered version {arn}; {RULES}."
        fix = "Register the model, then set recommender.version (or --version) to its ARN."
    elif status != "Completed":
        message = f"Version {arn} is {status}, not Completed; a job can't run it."
        fix = "Wait until it is Completed, or register the model anew."
    else:
        outcome, message, fix = "passed", f"Version {arn} is registered ({said}).", ""
    return Finding(source="check", name=check, outcome=outcome, severity="high", message=message, fix=fix)
