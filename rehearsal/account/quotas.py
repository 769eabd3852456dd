"""Service Quotas of SageMaker: how many instances of a type an account may have behind endpoints.

moto has the quotas of VPC alone. Sources: the Service Quotas API reference (operations, ServiceQuota, error codes);
"Amazon SageMaker AI endpoints and quotas" (AWS General Reference: names such as `ml.m5.large for endpoint usage`);
the sentence of a quota that is exceeded is SageMaker's ResourceLimitExceeded as its Developer Guide quotes it. The
defaults and the quota codes are the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from rehearsal.account import shapes
from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account.calls import Call

_SUFFIX = " for endpoint usage"
_NONE_AT_FIRST = ("ml.p4", "ml.p5", "ml.p6", "ml.trn", "ml.dl", "ml.g7")
_FEW = ("ml.p", "ml.g", "ml.inf")
_DEFAULTS = (20.0, 2.0, 0.0)


@dataclass
class Quotas:
    """The applied quotas of an account: those that were changed, by region and name.

    Attributes:
        account: account id.
        applied: (region, quota name) -> value, where it isn't the default.

    """

    account: str
    applied: dict[tuple[str, str], float] = field(default_factory=dict)

    @staticmethod
    def handles(call: Call) -> bool:
        """Whether a call is answered here."""
        return call.service == "servicequotas" and call.action in _OPERATIONS

    def answer(self, call: Call) -> dict[str, Any]:
        """Does a call and returns its output; raises Refusal in AWS's words."""
        shapes.check("service-quotas", call.action, call.parameters)
        service = call.parameters.get("ServiceCode")
        if service is not None and service != "sagemaker":
            raise Refusal(
                "NotImplemented",
                f"the emulated account has the quotas of sagemaker, not those of {service}. This is a gap of the "
                "rehearsal, not an answer of AWS's.",
                501,
            )
        return _OPERATIONS[call.action](self, call.region, call.parameters)

    def value(self, region: str, instance_type: str) -> float:
        """How many instances of a type the account may have behind endpoints of a region."""
        name = instance_type + _SUFFIX
        return self.applied.get((region, name), default(name))

    def set(self, region: str, instance_type: str, value: float) -> dict[str, Any]:
        """Applies a quota, as AWS's support would; raises ValueError for a type that SageMaker hasn't."""
        name = instance_type + _SUFFIX
        if name not in names():
            raise ValueError(f"SageMaker has no quota called {name!r}")
        if value < 0:
            raise ValueError(f"a quota can't be {value:g}")
        self.applied[region, name] = value
        return self.described(region, name)

    def check(self, region: str, instance_type: str, used: int, more: int = 1) -> Refusal | None:
        """The refusal of so many more instances of a type, or None when there is room."""
        most = self.value(region, instance_type)
        if used + more <= most:
            return None
        return Refusal(
            "ResourceLimitExceeded",
            f"The account-level service limit '{instance_type}{_SUFFIX}' is {most:g} Instances, with current "
            f"utilization of {used} Instances and a request delta of {more} Instances. Please use AWS Service Quotas "
            "to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
            "request an increase for this quota.",
        )

    def described(self, region: str, name: str) -> dict[str, Any]:
        """A ServiceQuota."""
        code = quota_code(name)
        return {
            "ServiceCode": "sagemaker",
            "ServiceName": "Amazon SageMaker",
            "QuotaArn": f"arn:aws:servicequotas:{region}:{self.account}:sagemaker/{code}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": self.applied.get((region, name), default(name)),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


@cache
def names() -> tuple[str, ...]:
    """The names of the quotas: one for each instance type of an endpoint (ProductionVariantInstanceType)."""
    from moto.core.utils import get_service_model

    types = get_service_model("sagemaker").shape_for("ProductionVariantInstanceType").enum
    return tuple(sorted(f"{each}{_SUFFIX}" for each in types))


def default(name: str) -> float:
    """The default of a quota: none of the largest accelerated instances, a few of the others, more of the rest."""
    many, few, none = _DEFAULTS
    if name.startswith(_NONE_AT_FIRST):
        return none
    return few if name.startswith(_FEW) else many


def quota_code(name: str) -> str:
    """A quota's code in AWS's form; AWS's own codes follow no rule, so these are other ones."""
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


def _list(quotas: Quotas, region: str, parameters: dict[str, Any], *, applied: bool = True) -> dict[str, Any]:
    """All quotas, page by page (ListServiceQuotas: MaxResults of at most 100).

    Source: ListServiceQuotas (Service Quotas API reference).
    """
    code = parameters.get("QuotaCode")
    found = [name for name in names() if code in (None, quota_code(name))]
    start, size = int(parameters.get("NextToken") or 0), int(parameters.get("MaxResults") or 100)
    page = [quotas.described(region, name) for name in found[start : start + size]]
    if not applied:
        page = [{**each, "Value": default(each["QuotaName"])} for each in page]
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {"Quotas": page, **more}


def _get(quotas: Quotas, region: str, parameters: dict[str, Any], *, applied: bool = True) -> dict[str, Any]:
    """One applied quota by its code. Source: GetServiceQuota (Service Quotas API reference)."""
    found = _list(quotas, region, {"QuotaCode": parameters["QuotaCode"]}, applied=applied)["Quotas"]
    if not found:
        raise Refusal("NoSuchResourceException", "The request failed because the specified service does not exist.")
    return {"Quota": found[0]}


def _list_defaults(quotas: Quotas, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """All default quotas, page by page. Source: ListAWSDefaultServiceQuotas (Service Quotas API reference)."""
    return _list(quotas, region, parameters, applied=False)


def _get_default(quotas: Quotas, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """One default quota by its code. Source: GetAWSDefaultServiceQuota (Service Quotas API reference)."""
    return _get(quotas, region, parameters, applied=False)


def _list_services(_: Quotas, __: str, ___: dict[str, Any]) -> dict[str, Any]:
    """The services whose quotas the emulation has. Source: ListServices (Service Quotas API reference)."""
    return {"Services": [{"ServiceCode": "sagemaker", "ServiceName": "Amazon SageMaker"}]}


_OPERATIONS: dict[str, Callable[[Quotas, str, dict[str, Any]], dict[str, Any]]] = {
    "ListServices": _list_services,
    "ListServiceQuotas": _list,
    "GetServiceQuota": _get,
    "ListAWSDefaultServiceQuotas": _list_defaults,
    "GetAWSDefaultServiceQuota": _get_default,
}
