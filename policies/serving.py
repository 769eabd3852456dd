"""
From rules to a pack that Pulumi starts.

Place: the only module that knows both our rules and pulumi-policy's policies; each pack's `__main__.py` calls `serve`.
Violations are reported first and what is undecided is said last, so that an unknown never hides a violation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from findings.policy_messages import IN_FORCE
from policies import wording
from policies.exempting import Exempting
from policies.reading import Resource, Stack
from policies.rule import ResourceRule, Rule, StackRule
from policies.rules import RULES
from policies.tokens import STACK
from policies.verdict import NotApplicable, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_policy import ReportViolation, ResourceValidationArgs, StackValidationArgs

REPOSITORY: Final = Path(__file__).resolve().parent.parent
CAN_BE_READ: Final = "exemptions-can-be-read"
Levels = Mapping[str, str]
"""What a pack is: enforcement level by rule name (mandatory, advisory, disabled)."""


class Inputs:
    """What the program sets on each resource, remembered for the stack rules, which see only outputs."""

    def __init__(self) -> None:
        self.by_urn: dict[str, frozenset[str]] = {}

    def remember(self, args: ResourceValidationArgs) -> None:
        """Take the names of a resource's checked inputs; names are known even where values aren't."""
        self.by_urn[args.urn] = frozenset(args.props)


class Undecided(UnknownValueError):  # type: ignore[misc]  # noqa: N818 - pulumi-policy's own, with our words
    """Makes pulumi-policy show the rule as one that couldn't be run, and say why."""

    def __init__(self, message: str) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [])
        self.message = message


def serve(name: str, description: str, levels: Levels) -> None:
    """Start the pack and stay: prints the port that the engine connects to. Called by a pack's `__main__.py`."""
    PolicyPack(
        name,
        policies_of(levels),
        description=description,
        provider="aws",
        tags=["sagemaker"],
    )


def policies_of(levels: Levels, directory: Path = REPOSITORY) -> list[Policy]:
    """
    The policies of a pack: its rules, and around them those that heed exemptions.

    Raises ValueError when `levels` names a rule or a level that there is not.
    """
    known = {rule.name: rule for rule in RULES}
    if unknown := sorted(set(levels) - set(known)):
        raise ValueError(f"the pack weighs rules that there are not: {', '.join(unknown)}")
    exempting, inputs = Exempting(directory), Inputs()
    return [
        _can_be_read(exempting, inputs),
        *(_policy(known[name], EnforcementLevel(level), exempting, inputs) for name, level in levels.items()),
        *_in_force(exempting, frozenset(levels)),
    ]


def _policy(rule: Rule, level: EnforcementLevel, exempting: Exempting, inputs: Inputs) -> Policy:
    described: dict[str, Any] = {
        "name": rule.name,
        "description": rule.title,
        "enforcement_level": level,
        "severity": Severity(rule.severity),
        "tags": ["sagemaker", rule.concern.replace(" ", "-")],
        "remediation_steps": rule.remedy,
        "url": rule.url,
        "config_schema": PolicyConfigSchema(
            properties={
                "undecided": {
                    "type": "string",
                    "enum": ["advisory", "mandatory"],
                    "default": "advisory",
                    "description": "What it means when this rule can't be judged before up: a line, or a refusal.",
                },
                **{name: dict(schema) for name, schema in rule.configuration.items()},
            }
        ),
    }
    if isinstance(rule, ResourceRule):
        return ResourceValidationPolicy(validate=_resource_validation(rule, exempting), **described)
    if isinstance(rule, StackRule):
        return StackValidationPolicy(validate=_stack_validation(rule, exempting, inputs), **described)
    raise TypeError(f"rule {rule.name} is neither a ResourceRule nor a StackRule")


def _resource_validation(
    rule: ResourceRule, exempting: Exempting
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in rule.types:
            args.not_applicable(f"is about {_types(rule)}")
        verdict = Verdict(rule, args.get_config())
        resource = Resource(args)
        try:
            with verdict.considering(resource):
                rule.judge(resource, verdict)
        except NotApplicable as reason:
            args.not_applicable(str(reason))
        _tell(rule, verdict, args.get_config(), report, exempting)

    return validate


def _stack_validation(
    rule: StackRule, exempting: Exempting, inputs: Inputs
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if not any(resource.resource_type in rule.types for resource in args.resources):
            args.not_applicable(f"is about {_types(rule)}; the stack has none")
        verdict = Verdict(rule, args.get_config())
        try:
            rule.judge(Stack(args.resources, inputs.by_urn), verdict)
        except NotApplicable as reason:
            args.not_applicable(str(reason))
        _tell(rule, verdict, args.get_config(), report, exempting)

    return validate


def _types(rule: Rule) -> str:
    return " and ".join(token.rpartition(":")[2] for token in rule.types)


def _tell(
    rule: Rule, verdict: Verdict, config: Mapping[str, Any], report: ReportViolation, exempting: Exempting
) -> None:
    for finding in verdict.violations:
        weighed = exempting.weigh(finding)
        if weighed.exempted_by is not None:
            exempting.hand_over(weighed)
        else:
            report(wording.violation(finding, rule.severity, exempting.lapsed(finding)), finding.urn)
    for finding in verdict.undecided:
        exempting.weigh(finding)
    if not verdict.undecided:
        return
    if config.get("undecided") == "mandatory":
        for finding in verdict.undecided:
            report(wording.undecided([finding.message]), finding.urn)
    else:
        raise Undecided(wording.undecided([finding.message for finding in verdict.undecided]))


def _can_be_read(exempting: Exempting, inputs: Inputs) -> Policy:
    """First of all policies, so that the configured path is known before any rule asks for exemptions."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        inputs.remember(args)
        exempting.configure(str(args.get_config().get("path", "")))
        exempting.take()  # what a call that failed half-way left behind
        if args.resource_type != STACK:
            args.not_applicable("is about the exemptions of the stack")
        malformed = [finding.message for finding in exempting.exemptions.malformed()]
        for message in [exempting.error, *malformed]:
            if message:
                report(message, args.urn)

    return ResourceValidationPolicy(
        CAN_BE_READ,
        "The exemptions can be read, and each has a last day.",
        validate,
        EnforcementLevel.MANDATORY,
        severity=Severity.HIGH,
        config_schema=PolicyConfigSchema(
            properties={
                "path": {
                    "type": "string",
                    "default": "",
                    "description": "Path of exemptions.yaml; unset: HOLDFAST_EXEMPTIONS, or beside Pulumi.yaml.",
                }
            }
        ),
    )


def _in_force(exempting: Exempting, rules: frozenset[str]) -> list[Policy]:
    """Last of all policies: they show what the rules before them let pass because somebody answers for it."""

    def on_resource(_: ResourceValidationArgs, report: ReportViolation) -> None:
        for finding in exempting.take():
            report(wording.exempted(finding), finding.urn)

    def on_stack(_: StackValidationArgs, report: ReportViolation) -> None:
        for finding in exempting.take():
            report(wording.exempted(finding), finding.urn)
        for problem in exempting.stale(rules):
            report(f"{problem.message} {problem.fix}", None)

    title = "What is exempted is shown, with who answers for it and until when."
    return [
        ResourceValidationPolicy(IN_FORCE[0], title, on_resource, EnforcementLevel.ADVISORY, severity=Severity.LOW),
        StackValidationPolicy(IN_FORCE[1], title, on_stack, EnforcementLevel.ADVISORY, severity=Severity.LOW),
    ]
