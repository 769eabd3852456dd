"""Application Auto Scaling: Target, Policy. Source: the Application Auto Scaling API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource
from rehearsal.provider.refusals import AccountGap, AccountRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

SERVICE = "application-autoscaling"
GONE = (
    ("ObjectNotFoundException", ""),
    ("ValidationException", "no scalable target"),
    ("ValidationException", "no scaling policy"),
)


def place(values: Properties) -> dict[str, Any]:
    """What names a target: service, resource, dimension."""
    return {
        "ServiceNamespace": values["serviceNamespace"],
        "ResourceId": values["resourceId"],
        "ScalableDimension": values["scalableDimension"],
    }


class TargetTagging(Tagging):
    """An account without the tag calls of this service leaves the state as the only record of a target's tags."""

    def read(self, account: Account, id_: str, state: dict[str, Any]) -> dict[str, str]:
        """The tags that are there, or those recorded."""
        try:
            return super().read(account, id_, state)
        except AccountGap:
            return dict(state.get("tags") or {})


class Target(Resource):
    """What scales, between how few and how many."""

    token = "aws:appautoscaling/target:Target"
    noun = "Application Auto Scaling Target"
    service = SERVICE
    id_property = "resourceId"
    replaces = ("resourceId", "scalableDimension", "serviceNamespace", "region")
    optional_computed = ("roleArn", "suspendedState")
    create_operation = "RegisterScalableTarget"
    read_operation, answer = "DescribeScalableTargets", "ScalableTargets"
    renames = {"arn": "ScalableTargetARN", "roleArn": "RoleARN"}
    missing = GONE
    tagging = TargetTagging(SERVICE, "TagResource", "UntagResource", "ListTagsForResource", "ResourceARN", key="")

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The one of DescribeScalableTargets with this dimension."""
        named = {"ServiceNamespace": state["serviceNamespace"], "ScalableDimension": state["scalableDimension"]}
        found = account.call(SERVICE, "DescribeScalableTargets", ResourceIds=[id_], **named)["ScalableTargets"]
        return self.flatten(account, dict(found[0])) if found else None

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """RegisterScalableTarget again."""
        values = {k: v for k, v in new.items() if k != "tags"}
        account.call(SERVICE, "RegisterScalableTarget", **self.request(account, "RegisterScalableTarget", values))

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeregisterScalableTarget."""
        account.call(SERVICE, "DeregisterScalableTarget", **place(state))

    def imported(self, account: Account, id_: str) -> Properties:
        """`<namespace>/<resource id>/<dimension>`, as pulumi-aws takes it."""
        namespace, _, rest = id_.partition("/")
        resource, _, dimension = rest.rpartition("/")
        return {"serviceNamespace": namespace, "resourceId": resource, "scalableDimension": dimension}


class Policy(Resource):
    """When a target scales."""

    token = "aws:appautoscaling/policy:Policy"
    noun = "Application Auto Scaling Policy"
    service = SERVICE
    auto_name = AutoName(limit=255)
    defaults = {
        "policyType": "StepScaling",
        "targetTrackingScalingPolicyConfiguration.disableScaleIn": False,
        "targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics[].returnData": True,
    }
    limits = {"policyType": Limit(choices=("StepScaling", "TargetTrackingScaling", "PredictiveScaling"))}
    replaces = ("name", "resourceId", "scalableDimension", "serviceNamespace", "region")
    optional_computed = (
        "predictiveScalingPolicyConfiguration.mode",
        "predictiveScalingPolicyConfiguration.schedulingBufferTime",
    )
    sets = ("stepScalingPolicyConfiguration.stepAdjustments",)
    lacks = ("predictiveScalingPolicyConfiguration",)
    create_operation = "PutScalingPolicy"
    read_operation, answer = "DescribeScalingPolicies", "ScalingPolicies"
    renames = {
        "name": "PolicyName",
        "arn": "PolicyARN",
        "alarmArns": "Alarms",
        "stepScalingPolicyConfiguration.stepAdjustments.metricIntervalLowerBound": "MetricIntervalLowerBound",
    }
    missing = GONE

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The one of DescribeScalingPolicies with this name and target."""
        found = account.call(SERVICE, "DescribeScalingPolicies", PolicyNames=[id_], **place(state))["ScalingPolicies"]
        if not found:
            raise AccountRefusal("DescribeScalingPolicies", "ObjectNotFoundException", f"no scaling policy {id_}")
        one = dict(found[0])
        alarms = [alarm["AlarmARN"] for alarm in one.pop("Alarms", None) or []]
        return {**self.flatten(account, one), "alarmArns": alarms}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """PutScalingPolicy again."""
        account.call(SERVICE, "PutScalingPolicy", **self.request(account, "PutScalingPolicy", new))

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteScalingPolicy."""
        account.call(SERVICE, "DeleteScalingPolicy", PolicyName=id_, **place(state))

    def imported(self, account: Account, id_: str) -> Properties:
        """`<namespace>/<resource id>/<dimension>/<name>`, as pulumi-aws takes it."""
        rest, _, name = id_.rpartition("/")
        namespace, _, rest = rest.partition("/")
        resource, _, dimension = rest.rpartition("/")
        return {"serviceNamespace": namespace, "resourceId": resource, "scalableDimension": dimension, "name": name}
