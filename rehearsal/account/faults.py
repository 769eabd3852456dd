"""Faults by name: armed through the control API, consumed by the next call that matches, and then gone.

Sources: the statuses a failed update passes through are DescribeEndpoint's (`RollingBack`, then `InService` on the old
configuration; `Failed` after CreateEndpoint); ThrottlingException and AccessDeniedException are AWS's common errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rehearsal.account.errors import UnknownFault

KNOWN = {
    "silent-roll-back": "the next UpdateEndpoint ends InService on the old configuration, without a FailureReason",
    "visible-roll-back": "the next UpdateEndpoint rolls back and ends InService on the old one, with a FailureReason",
    "create-fails": "the next CreateEndpoint ends Failed, with a FailureReason",
    "capacity-error": "the next CreateEndpoint or UpdateEndpoint gets no instances, a recommendation job none for its "
    "first benchmark",
    "slow-create": "the next CreateEndpoint (of a recommendation job: each of its own) takes an hour of virtual time",
    "job-fails": "the next recommendation job's model doesn't process the sample payload",
    "ssm-not-allow-listed": "the next CreateEndpoint or UpdateEndpoint is refused if its configuration has SSM access",
    "eventual-consistency": "the next CreateEndpoint or UpdateEndpoint doesn't see its configuration yet",
    "role-not-visible": "the next CreateModel can't assume its role yet (ValidationException); `count` makes it more",
    "lost-response": "the next call that changes SageMaker is carried out, and its answer is lost on the way",
    "failing-lambda": "the next run of a Lambda function ends in an error of the function's",
    "throttling": "the next call is refused with ThrottlingException; `count` makes it the next so many",
    "access-denied:<Action>": "the next call of that action (CreateModel, or sagemaker:CreateModel) is refused",
}

_ENDPOINT_FAULTS = {
    "silent-roll-back": {"UpdateEndpoint"},
    "visible-roll-back": {"UpdateEndpoint"},
    "create-fails": {"CreateEndpoint"},
    "capacity-error": {"CreateEndpoint", "UpdateEndpoint", "CreateInferenceRecommendationsJob"},
    "slow-create": {"CreateEndpoint", "CreateInferenceRecommendationsJob"},
    "job-fails": {"CreateInferenceRecommendationsJob"},
    "ssm-not-allow-listed": {"CreateEndpoint", "UpdateEndpoint"},
    "eventual-consistency": {"CreateEndpoint", "UpdateEndpoint"},
    "role-not-visible": {"CreateModel"},
}
_LOST = "lost-response"
_FAILING = "failing-lambda"
_OTHERS = ("throttling", _LOST, _FAILING)
_CHANGES = ("Create", "Update", "Delete", "Put", "Stop")
# What SageMaker says of what it doesn't see yet. Sources: CreateEndpoint ("eventually consistent ... the endpoint
# configuration ... does not exist"), and the refusal that Terraform's provider repeats CreateModel on.
NOT_YET = {
    "eventual-consistency": "Could not find endpoint configuration.",
    "role-not-visible": "Could not assume role. Please ensure that the role exists and allows principal "
    "'sagemaker.amazonaws.com' to assume the role.",
}
_DENIED = "access-denied:"
# IAM's prefix of a service where it isn't the signing name.
_PREFIXES = {"monitoring": "cloudwatch"}
# botocore's services that are searched for an action that is to be denied.
_SERVICES = (
    *("sagemaker", "sagemaker-runtime", "s3", "iam", "kms", "ecr", "ec2", "sts", "cloudwatch", "logs"),
    *("application-autoscaling", "secretsmanager", "lambda", "ssm"),
)


@dataclass
class Fault:
    """One armed fault: `name` as in KNOWN, and how many more calls it will hit."""

    name: str
    count: int = 1

    def matches(self, service: str, action: str) -> bool:
        """Whether a call of `action` of `service` (its signing name) is one that this fault hits."""
        if self.name == "throttling":
            return True
        if self.name == _FAILING:
            return (service, action) == ("lambda", "the function")
        if self.name == _LOST:
            return service == "sagemaker" and action.startswith(_CHANGES)
        if self.name.startswith(_DENIED):
            wanted_service, _, wanted = self.name.removeprefix(_DENIED).rpartition(":")
            return wanted == action and wanted_service in ("", service, _PREFIXES.get(service))
        return service == "sagemaker" and action in _ENDPOINT_FAULTS[self.name]

    @property
    def refuses(self) -> bool:
        """Whether the call is refused outright, rather than its consequences changed."""
        return self.name == "throttling" or self.name in NOT_YET or self.name.startswith(_DENIED)

    @property
    def loses_answer(self) -> bool:
        """Whether the call is done and its answer doesn't arrive."""
        return self.name == _LOST


@dataclass
class Faults:
    """The armed faults of an account, in the order of their arming."""

    armed: list[Fault] = field(default_factory=list)

    def arm(self, name: str, count: int = 1) -> None:
        """Arms a fault; raises UnknownFault for a name that isn't in KNOWN."""
        denied = name.removeprefix(_DENIED) if name.startswith(_DENIED) else ""
        if name not in _ENDPOINT_FAULTS and name not in _OTHERS and not _is_action(denied):
            known = "".join(f"\n  {known}: {what}" for known, what in KNOWN.items())
            raise UnknownFault(f"no fault is called {name!r}; there are:{known}")
        if count < 1:
            raise UnknownFault(f"fault {name} was to hit {count} calls; it can hit 1 or more")
        self.armed.append(Fault(name, count))

    def take(self, service: str, action: str) -> Fault | None:
        """The first armed fault that a call meets, with one of its hits used up; None if there is none."""
        for fault in self.armed:
            if fault.matches(service, action):
                return self._hit(fault)
        return None

    def use_up(self, name: str) -> None:
        """One hit of the first armed fault of that name is used up (in a replay, for a call that isn't journalled)."""
        for fault in self.armed:
            if fault.name == name:
                self._hit(fault)
                return

    def _hit(self, fault: Fault) -> Fault:
        fault.count -= 1
        if fault.count == 0:
            self.armed.remove(fault)
        return fault

    def describe(self) -> list[dict[str, Any]]:
        """The armed faults as JSON."""
        return [{"name": fault.name, "count": fault.count} for fault in self.armed]


def check_action(name: str) -> None:
    """Raises UnknownFault when `access-denied:<Action>` names an action that no emulated service has.

    Source: the operations in botocore's service models. Not part of `arm`, because to read the models takes a while.
    """
    if not name.startswith(_DENIED):
        return
    from botocore.loaders import create_loader

    service, _, action = name.removeprefix(_DENIED).rpartition(":")
    loader = create_loader()
    for candidate in _SERVICES:
        fits = service in ("", candidate) or (service, candidate) == ("sagemaker", "sagemaker-runtime")
        if fits and action in loader.load_service_model(candidate, "service-2")["operations"]:
            return
    raise UnknownFault(f"fault {name!r}: no emulated service{f' called {service}' if service else ''} has {action!r}")


def _is_action(text: str) -> bool:
    service, _, action = text.rpartition(":")
    return action.isalnum() and action[:1].isupper() and (service == "" or service.replace("-", "").isalnum())
