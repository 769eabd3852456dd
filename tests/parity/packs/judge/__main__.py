"""Policies of the parity cases: each level, a configuration, unknowns, not applicable, remediation, a stack policy."""

from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

THING = "parity:index:Thing"


def bad(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == THING and args.name == "a" and args.props.get("value") == "bad":
        report("value must not be bad")


def advice(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == THING and args.name == "a" and args.props.get("value") == "meh":
        report("value could be better")


def reads_b(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == THING and args.name == "b" and str(args.props["value"]).startswith("arn:"):
        report("b must not carry an arn")


def only_a(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == THING and args.name != "a":
        args.not_applicable("judges a only")


def fix(args: ResourceValidationArgs) -> dict[str, Any] | None:
    if args.resource_type == THING and args.props.get("value") == "fixme":
        return {**args.props, "value": "fixed"}
    return None


def off(args: ResourceValidationArgs, report: ReportViolation) -> None:
    report("this policy is disabled and must never be heard")


def few(args: StackValidationArgs, report: ReportViolation) -> None:
    things = [r for r in args.resources if r.resource_type == THING]
    limit = int(args.get_config().get("limit", 99))
    if len(things) > limit:
        report(f"{len(things)} things, at most {limit}")


PolicyPack(
    "judge",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy("bad", "bad values", bad),
        ResourceValidationPolicy("advice", "advice", advice, EnforcementLevel.ADVISORY),
        ResourceValidationPolicy("reads-b", "reads b", reads_b),
        ResourceValidationPolicy("only-a", "only a", only_a),
        ResourceValidationPolicy("fix", "fixes", remediate=fix, enforcement_level=EnforcementLevel.REMEDIATE),
        ResourceValidationPolicy("off", "off", off, EnforcementLevel.DISABLED),
        StackValidationPolicy(
            "few",
            "few things",
            few,
            config_schema=PolicyConfigSchema(properties={"limit": {"type": "number", "default": 99}}),
        ),
    ],
)
