"""Three rules for static websites: one that judges a resource, one that also mends it, one of the whole stack."""

from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

BUCKET = "aws:s3/bucket:Bucket"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


def judge_owner(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Every bucket says whose it is."""
    if args.resource_type != BUCKET:
        args.not_applicable("judges buckets only")
    if not args.props.get("tags", {}).get("owner"):
        report(f"{args.name}: the tag owner is missing. Set it to the team that answers for the bucket.")


def judge_content_type(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """A page that isn't text/html is downloaded, not shown."""
    if args.resource_type == OBJECT and args.props["contentType"] != "text/html":
        report(f"{args.name}: contentType is {args.props['contentType']}. Set it to text/html.")


def mend_content_type(args: ResourceValidationArgs) -> dict[str, Any] | None:
    """Pages become text/html."""
    if args.resource_type != OBJECT or args.props["contentType"] == "text/html":
        return None
    return {**args.props, "contentType": "text/html"}


def count_objects(args: StackValidationArgs, report: ReportViolation) -> None:
    """A website of many pages belongs behind a CDN."""
    pages = [r for r in args.resources if r.resource_type == OBJECT]
    limit = args.get_config()["limit"]
    if len(pages) > limit:
        report(f"{len(pages)} pages, at most {limit:g}.")


owned = ResourceValidationPolicy("bucket-owned", "Buckets have an owner.", judge_owner)
pages_are_html = ResourceValidationPolicy(
    "pages-are-html",
    "Pages are text/html.",
    judge_content_type,
    EnforcementLevel.REMEDIATE,
    remediate=mend_content_type,
)
few_objects = StackValidationPolicy(
    "few-pages",
    "Websites are small.",
    count_objects,
    config_schema=PolicyConfigSchema(properties={"limit": {"type": "number", "default": 10}}),
)
