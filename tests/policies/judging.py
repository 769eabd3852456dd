"""
Judge resources as the engine lets a pack judge them: requests in protobuf, through pulumi-policy's real servicer.

A rule that gets a plain dictionary in a test never meets an unknown value, a proxy that is no dict, or a dependency.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.policy import EnforcementLevel, _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE as UNKNOWN

from policies.rule import ResourceRule, Rule
from policies.serving import policies_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["UNKNOWN", "Given", "Judge", "Judgement", "judge_with", "stack"]

MANDATORY = analyzer_pb2.MANDATORY
DIGEST = "sha256:" + "4f0c" * 16
IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/decision-trees@{DIGEST}"


@dataclass(frozen=True)
class Given:
    """A resource as a program registers it."""

    type: str
    properties: dict[str, Any] = field(default_factory=dict)
    name: str = "decision-trees"
    protect: bool = False
    delete_before_replace: bool | None = None
    depends: dict[str, list[Given]] = field(default_factory=dict)
    """By property: the resources whose outputs went into it."""

    outputs: dict[str, Any] = field(default_factory=dict)
    """What the provider adds to the properties; stack rules see it, resource rules don't."""

    @property
    def urn(self) -> str:
        """As the engine would make it."""
        return f"urn:pulumi:test::holdfast::{self.type}::{self.name}"

    def request(self, *, outputs: bool = False) -> dict[str, Any]:
        """The fields that both kinds of request have."""
        options = analyzer_pb2.AnalyzerResourceOptions(protect=self.protect)
        if self.delete_before_replace is not None:
            options.deleteBeforeReplace = self.delete_before_replace
            options.deleteBeforeReplaceDefined = True
        properties = json_format.ParseDict(
            {**self.properties, **(self.outputs if outputs else {})}, struct_pb2.Struct()
        )
        return {"type": self.type, "name": self.name, "urn": self.urn, "properties": properties, "options": options}


@dataclass(frozen=True)
class Judgement:
    """What a pack of one rule answered."""

    violations: list[str]
    """Texts of mandatory violations, without the rule's title."""

    advice: list[str]
    undecided: list[str]
    not_applicable: list[str]
    urns: list[str] = field(default_factory=list)
    severities: list[int] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Nothing was said at all."""
        return not (self.violations or self.advice or self.undecided or self.not_applicable)


Judge = Callable[..., Judgement]
"""`judge(rule, *resources, config=...)`: what the fixture of this name is."""


def stack() -> Given:
    """The root resource, which every program registers first."""
    return Given("pulumi:pulumi:Stack", name="holdfast-test")


def judge_with(
    rule: Rule, *resources: Given, directory: Path, config: dict[str, Any] | None = None, level: str = "mandatory"
) -> Judgement:
    """Let a pack that holds only this rule judge these resources; `config` is the pack's, by policy."""
    policies = policies_of({rule.name: level}, directory)
    servicer = _PolicyAnalyzerServicer("test", "0.0.1", policies, EnforcementLevel.MANDATORY)
    if config:
        _configure(servicer, config)
    answers = [servicer.Analyze(analyzer_pb2.AnalyzeRequest(**each.request()), None) for each in (stack(), *resources)]
    answers.append(servicer.AnalyzeStack(_stack_request(resources), None))
    judging = answers[1:] if isinstance(rule, ResourceRule) else answers
    said = [each for answer in answers for each in answer.diagnostics]
    texts = [(each, each.message.removeprefix(each.description).lstrip("\n")) for each in said]
    return Judgement(
        violations=[text for each, text in texts if each.enforcementLevel == MANDATORY],
        advice=[t for each, t in texts if each.enforcementLevel != MANDATORY and "can't run policy" not in t],
        undecided=[text.split("during preview: ")[1] for _, text in texts if "can't run policy" in text],
        not_applicable=[
            each.reason for answer in judging for each in answer.not_applicable if each.policy_name == rule.name
        ],
        urns=[each.urn for each in said],
        severities=[each.severity for each in said],
    )


def _stack_request(resources: tuple[Given, ...]) -> analyzer_pb2.AnalyzeStackRequest:
    request = analyzer_pb2.AnalyzeStackRequest()
    for each in resources:
        resource = request.resources.add(**each.request(outputs=True))
        for prop, depended in each.depends.items():
            urns = [other.urn for other in depended]
            resource.dependencies.extend(urns)
            resource.propertyDependencies[prop].urns.extend(urns)
    return request


def _configure(servicer: Any, config: dict[str, Any]) -> None:
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for policy, properties in config.items():
        entry = request.policyConfig[policy]
        entry.enforcementLevel = MANDATORY
        json_format.ParseDict(properties, entry.properties)
    servicer.Configure(request, None)
