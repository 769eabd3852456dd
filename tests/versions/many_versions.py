"""A group of as many versions as one likes, in this process: ListModelPackages as the API reference describes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from guards.live import Account

REGION, ACCOUNT = "us-east-1", "111122223333"
BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass
class Many(Account):
    """An account that has one group; every call is counted. `approved`: each how manieth version is, the first on."""

    count: int = 10_000
    approved: int = 1000
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(region=REGION)
        self.versions = [self._version(number) for number in range(self.count, 0, -1)]

    def _version(self, number: int) -> dict[str, Any]:
        return {
            "ModelPackageArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/trees/{number}",
            "ModelPackageVersion": number,
            "ModelApprovalStatus": "Approved" if number % self.approved == 1 else "PendingManualApproval",
            "ModelPackageStatus": "Completed",
            "CreationTime": BEGAN + dt.timedelta(minutes=number),
        }

    def identity(self) -> tuple[str, str]:
        return ACCOUNT, "aws"

    def ask(self, service: str, operation: str, **parameters: Any) -> Any:
        self.calls.append(operation)
        if operation != "list_model_packages":
            raise AssertionError(f"unexpected: {service} {operation}")
        assert (parameters["SortBy"], parameters["SortOrder"]) == ("CreationTime", "Descending")
        assert 1 <= parameters["MaxResults"] <= 100
        status = parameters.get("ModelApprovalStatus")
        chosen = [one for one in self.versions if status in {None, one["ModelApprovalStatus"]}]
        start = int(parameters.get("NextToken", 0))
        end = start + parameters["MaxResults"]
        more = {"NextToken": str(end)} if end < len(chosen) else {}
        return {"ModelPackageSummaryList": chosen[start:end], **more}
