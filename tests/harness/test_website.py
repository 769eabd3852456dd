"""The harness on a program and a pack that know nothing of this repository: a static website and three rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from website_rules import BUCKET, OBJECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.harness import Rehearsed

    Rehearse = Callable[..., Rehearsed]


@pytest.fixture
def website(rehearse: Rehearse) -> Rehearsed:
    """The website as it lies in its folder, with the pack."""
    return rehearse("website", packs=["pack"])


def test_a_website_lives_from_its_preview_to_its_destruction(website: Rehearsed) -> None:
    """Each run is what the CLI's would be: steps in order, packs asked, state kept, and AWS really holds the pages."""
    planned = website.preview()

    assert [step.operation for step in planned.steps] == ["create"] * 5
    assert len(website.state) == 0

    made = website.up()

    assert sorted(made.steps) == sorted(planned.steps)
    assert made.changes == {"create": 6}
    assert made.violations == []
    bucket = website.outputs["bucket"]
    page = website.client("s3").get_object(Bucket=bucket, Key="index.html")
    assert page["Body"].read() == b"<h1>Hello</h1>"
    assert page["ContentType"] == "text/html"
    assert website.state["read"].dependencies

    assert website.up().steps == []

    website.client("s3").delete_object(Bucket=bucket, Key="error.html")
    website.refresh()

    assert "error.html" not in website.state
    assert [(s.operation, s.name) for s in website.up().steps] == [("create", "error.html")]

    gone = website.destroy()

    assert {step.operation for step in gone.steps} == {"delete"}
    assert website.client("s3").list_buckets()["Buckets"] == []


def test_a_pack_mends_refuses_and_counts(rehearse: Rehearse) -> None:
    """A remediation changes what is created; a refusal stops it; a rule of the stack is heard at the end."""
    strict = ("pack", {"few-pages": {"limit": 1}})
    site = rehearse("website", packs=[strict], config={"contentType": "text/plain", "owner": ""})

    seen = site.preview(fails=True)

    assert sorted(seen.remediations) == [("pages-are-html", "error.html"), ("pages-are-html", "index.html")]
    assert [(v.policy, v.level) for v in seen.violations] == [("few-pages", "mandatory")]
    assert "2 pages, at most 1." in seen.violations[0].message
    versions = {e["policyEvent"]["policyPackVersion"] for e in seen.events if "policyEvent" in e}
    assert versions == {"2.1.0"}, "the version is that of PulumiPolicy.yaml, as the CLI shows it"
    assert site.state.names == []


def test_time_in_the_account_is_the_tests_own(website: Rehearsed) -> None:
    """Days pass when the test says so."""
    website.up()
    website.clock.stand_still()
    before = website.clock.now

    website.clock.advance(3 * 24 * 3600)

    assert website.clock.now - before == 3 * 24 * 3600
    assert website.account.calls()


def test_types_of_the_rules_are_those_of_the_program(website: Rehearsed) -> None:
    """The rules judge what the program registers, and not names that nobody has."""
    types = {step.type for step in website.preview().steps}

    assert {BUCKET, OBJECT} <= types
