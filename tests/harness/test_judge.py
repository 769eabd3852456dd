"""`judge`: one rule, one resource, through pulumi-policy's own servicer and proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi_policy import PolicyConfigSchema, ResourceValidationPolicy, StackValidationPolicy
from website_rules import BUCKET, OBJECT, few_objects, owned, pages_are_html

from rehearsal.errors import PackError
from rehearsal.harness import UNKNOWN, Resource, Secret, resource

if TYPE_CHECKING:
    from rehearsal.harness import Judge


def test_a_rule_passes_refuses_and_says_when_it_does_not_apply(judge: Judge) -> None:
    assert judge(owned, BUCKET, tags={"owner": "web"}).passed
    assert judge(owned, resource(BUCKET, "site")).violations == [
        "site: the tag owner is missing. Set it to the team that answers for the bucket."
    ]
    assert judge(owned, OBJECT).not_applicable == ["judges buckets only"]


def test_what_is_not_known_yet_is_left_undecided(judge: Judge) -> None:
    """One unknown value turns a mandatory rule into an advisory line: a test has to see that."""
    judged = judge(owned, BUCKET, tags=UNKNOWN)

    assert judged.violations == []
    assert len(judged.undecided) == 1
    assert ".tags" in judged.undecided[0]
    assert not judged.passed


def test_nothing_is_unknown_in_an_update(judge: Judge) -> None:
    with pytest.raises(ValueError, match="nothing is unknown in an update"):
        judge.given(preview=False)(owned, BUCKET, tags=UNKNOWN)


def test_a_rule_sees_in_which_mode_it_is(judge: Judge) -> None:
    """And the SDK's settings of the test's own process are as they were."""
    seen: list[bool] = []
    rule = ResourceValidationPolicy("mode", "the mode", lambda args, report: seen.append(pulumi.runtime.is_dry_run()))
    before = pulumi.runtime.is_dry_run()

    judge(rule, BUCKET)
    judge.given(preview=False)(rule, BUCKET)

    assert seen == [True, False]
    assert pulumi.runtime.is_dry_run() == before


def test_a_remediation_is_judged_after_it_has_mended(judge: Judge) -> None:
    judged = judge(pages_are_html, OBJECT, contentType="text/plain", key="a")

    assert judged.remediated == {"contentType": "text/html", "key": "a"}
    assert judged.violations == []
    assert judge.given(level="mandatory")(pages_are_html, OBJECT, contentType="text/plain").violations


def test_a_rule_of_the_stack_sees_all_resources_and_its_configuration(judge: Judge) -> None:
    pages = [resource(OBJECT, f"page-{n}") for n in range(3)]

    assert judge.given(among=pages[1:])(few_objects, pages[0]).passed
    assert judge.given(among=pages[1:], config={"limit": 2})(few_objects, pages[0]).violations == [
        "3 pages, at most 2."
    ]


def test_rules_see_dependencies_outputs_options_providers_and_tags(judge: Judge) -> None:
    """What the engine shows a rule, `judge` shows it."""
    told: dict[str, Any] = {}

    def of_the_resource(args: Any, report: Any) -> None:
        told.update(
            protect=args.opts.protect, region=args.provider.props["region"], tag=args.stack_tags["env"],
            secret=args.props["password"], parent=args.opts.parent,
        )  # fmt: skip

    def of_the_stack(args: Any, report: Any) -> None:
        page = next(r for r in args.resources if r.name == "page")
        told.update(needs=page.property_dependencies["bucket"][0].name, arn=page.props["arn"], parent=page.parent.name)

    bucket, site = resource(BUCKET, "site"), resource("web:index:Site", "all")
    page = Resource(
        OBJECT, "page", {"password": Secret("hush")}, outputs={"arn": "arn:page"}, depends={"bucket": [bucket]},
        options={"protect": True}, provider={"region": "eu-west-1"}, parent=site,
    )  # fmt: skip

    judge.given(tags={"env": "test"})(ResourceValidationPolicy("one", "one", of_the_resource), page)

    assert told == {
        "protect": True, "region": "eu-west-1", "tag": "test", "secret": "hush", "parent": site.urn,
    }  # fmt: skip

    judge(StackValidationPolicy("everything", "all", of_the_stack), page)

    assert (told["needs"], told["arn"], told["parent"]) == ("site", "arn:page", "all")


def test_a_rule_that_raises_raises_in_the_test(judge: Judge) -> None:
    """With its own traceback: a fault of the rule is no finding."""

    def broken(args: Any, report: Any) -> None:
        raise RuntimeError("the rule is broken")

    with pytest.raises(RuntimeError, match="the rule is broken"):
        judge(ResourceValidationPolicy("broken", "broken", broken), BUCKET)


def test_what_isnt_asked_rightly_is_refused_by_name(judge: Judge) -> None:
    """A misspelt level or option, a configuration that the schema forbids, something that is no rule."""
    with pytest.raises(ValueError, match="no enforcement level 'strict'"):
        judge.given(level="strict")(owned, BUCKET)
    with pytest.raises(ValueError, match="no resource option protected"):
        judge(owned, Resource(BUCKET, options={"protected": True}))
    with pytest.raises(PackError, match="limit must be number"):
        judge.given(config={"limit": "few"})(few_objects, OBJECT)
    with pytest.raises(TypeError, match="a rule is a policy of pulumi-policy, not str"):
        judge("owned", BUCKET)
    schema = PolicyConfigSchema(properties={"limit": {"type": "number"}}, required=["limit"])
    needing = StackValidationPolicy("few", "few", lambda args, report: None, config_schema=schema)
    with pytest.raises(PackError, match="needs the configuration limit"):
        judge(needing, OBJECT)
