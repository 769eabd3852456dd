"""CloudWatch: MetricAlarm. Source: the CloudWatch API reference (PutMetricAlarm)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource
from rehearsal.provider.refusals import AccountRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


class MetricAlarm(Resource):
    """A metric and when it is too much."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    noun = "CloudWatch MetricAlarm"
    service = "cloudwatch"
    auto_name = AutoName(limit=255)
    defaults = {"actionsEnabled": True, "treatMissingData": "missing", "metricQueries[].returnData": False}
    limits = {
        "evaluationPeriods": Limit(least=1),
        "datapointsToAlarm": Limit(least=1),
        "treatMissingData": Limit(choices=("missing", "ignore", "breaching", "notBreaching")),
    }
    replaces = ("name", "region")
    optional_computed = ("evaluateLowSampleCountPercentiles",)
    sets = ("alarmActions", "okActions", "insufficientDataActions", "metricQueries")
    lacks = ("evaluationCriteria", "evaluationInterval", "evaluationWindow", "warmUpConfiguration")
    create_operation, read_operation = "PutMetricAlarm", "DescribeAlarms"
    answer = "MetricAlarms"
    renames = {
        "name": "AlarmName",
        "arn": "AlarmArn",
        "metricQueries": "Metrics",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        "metricQueries.metric": "MetricStat",
    }
    missing = (("ResourceNotFound", ""), ("ResourceNotFoundException", ""))
    tagging = Tagging("cloudwatch", "TagResource", "UntagResource", "ListTagsForResource", "ResourceARN")

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """What PutMetricAlarm needs together."""
        failures = []
        if (inputs.get("metricName") is None) == (inputs.get("metricQueries") is None):
            failures.append(("metricName", "exactly one of metricName, metricQueries must be set"))
        failures += [(n, f'Missing required property "{n}"') for n in NEEDED if inputs.get(n) is None]
        statistics = [n for n in ("statistic", "extendedStatistic") if inputs.get(n) is not None]
        if inputs.get("metricName") is not None and len(statistics) != 1:
            failures.append(("statistic", "with metricName exactly one of statistic, extendedStatistic must be set"))
        return failures

    def create(self, account: Account, inputs: Properties) -> str:
        """PutMetricAlarm."""
        asked = self._asked(account, inputs)
        if inputs.get("tags"):
            asked["Tags"] = self.tagging.written(inputs["tags"])
        account.call("cloudwatch", "PutMetricAlarm", **asked)
        return str(inputs["name"])

    def _asked(self, account: Account, inputs: Properties) -> dict[str, Any]:
        regular = {k: v for k, v in inputs.items() if k not in ("dimensions", "metricQueries")}
        asked = self.request_as(account, "PutMetricAlarm", regular, self.renames)
        if inputs.get("dimensions"):
            asked["Dimensions"] = dimensions(inputs["dimensions"])
        if inputs.get("metricQueries"):
            asked["Metrics"] = [query(q) for q in inputs["metricQueries"]]
        return asked

    def describe(self, account: Account, id_: str) -> dict[str, Any]:
        """The one alarm of the answer."""
        found = account.call("cloudwatch", "DescribeAlarms", AlarmNames=[id_], AlarmTypes=["MetricAlarm"])[
            "MetricAlarms"
        ]
        if not found:
            raise AccountRefusal("DescribeAlarms", "ResourceNotFound", f"alarm {id_} does not exist")
        return dict(found[0])

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """DescribeAlarms."""
        found = self.describe(account, id_)
        told = self.flatten(account, {k: v for k, v in found.items() if k not in ("Dimensions", "Metrics")})
        told["dimensions"] = {d["Name"]: d["Value"] for d in found.get("Dimensions") or []}
        told["metricQueries"] = [told_query(m) for m in found.get("Metrics") or []]
        told["treatMissingData"] = found.get("TreatMissingData") or "missing"
        return told

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """The whole alarm again."""
        account.call("cloudwatch", "PutMetricAlarm", **self._asked(account, new))

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteAlarms."""
        account.call("cloudwatch", "DeleteAlarms", AlarmNames=[id_])


NEEDED = ("comparisonOperator", "evaluationPeriods")


def dimensions(wanted: dict[str, str]) -> list[dict[str, str]]:
    """Dimensions as AWS wants them."""
    return [{"Name": name, "Value": value} for name, value in sorted(wanted.items())]


def query(wanted: Properties) -> dict[str, Any]:
    """One metric query as PutMetricAlarm wants it."""
    made = {"Id": wanted["id"], "Expression": wanted.get("expression"), "Label": wanted.get("label")}
    made |= {"ReturnData": bool(wanted.get("returnData")), "AccountId": wanted.get("accountId")}
    if wanted.get("period") and not wanted.get("metric"):
        made["Period"] = int(wanted["period"])
    if metric := wanted.get("metric"):
        which = {"MetricName": metric["metricName"], "Dimensions": dimensions(metric.get("dimensions") or {})}
        which |= {"Namespace": metric["namespace"]} if metric.get("namespace") else {}
        made["MetricStat"] = {"Metric": which, "Period": int(metric["period"]), "Stat": metric["stat"]}
        made["MetricStat"] |= {"Unit": metric["unit"]} if metric.get("unit") else {}
    return {name: value for name, value in made.items() if value is not None}


def told_query(found: dict[str, Any]) -> Properties:
    """One metric query in Pulumi's names."""
    made: Properties = {"id": found["Id"], "expression": found.get("Expression"), "label": found.get("Label")}
    made |= {
        "returnData": bool(found.get("ReturnData")),
        "accountId": found.get("AccountId"),
        "period": found.get("Period"),
    }
    if stat := found.get("MetricStat"):
        which = stat["Metric"]
        metric = {"metricName": which.get("MetricName"), "namespace": which.get("Namespace"), "stat": stat.get("Stat")}
        metric |= {"period": stat.get("Period"), "unit": stat.get("Unit")}
        metric["dimensions"] = {d["Name"]: d["Value"] for d in which.get("Dimensions") or []}
        made["metric"] = {name: value for name, value in metric.items() if value}
    return {name: value for name, value in made.items() if value not in (None, "")}
