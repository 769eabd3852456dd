"""Reports for machines: valid in their own formats, complete, and deaf to what resources are called."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml

from findings import json_report, junit, markdown, sarif
from findings.finding import Finding


def test_json_has_version_exit_code_counts_and_every_finding(every_kind: list[Finding]) -> None:
    """What a pipeline branches on."""
    text = json_report.render(every_kind)
    report = json.loads(text)

    assert (report["schemaVersion"], report["exitCode"]) == (1, 1)
    assert report["summary"]["refusing"] == 1
    assert {Finding.from_dict(each) for each in report["findings"]} == set(every_kind)
    assert report["findings"][0]["name"] == "keys-in-use-stay"
    assert text.isascii()


def test_markdown_reads_nothing_into_what_resources_are_called(every_kind: list[Finding]) -> None:
    """A name in a comment must not mention people, make links, run scripts or break the list."""
    hostile = Finding(
        "rule", "a", "violated", "low", "@team [x](http://e) www.e.com `c` <b> |\n- **new**", fix="#1 _a_"
    )

    text = markdown.render([*every_kind, hostile])
    item = next(line for line in text.splitlines() if "team" in line)

    assert text.startswith("## Holdfast: 2 refuse, 1 undecided, 1 advisory, 1 exempted, 1 passed\n")
    for forbidden in ("@", "[x]", "://", "www.e", "`c`", "<b>", "|", "**new**", "\x1b", "\u202e", "<script>"):
        assert forbidden not in item
    assert "<script>" not in text
    assert "  - Path of use: Key decision-trees ← EndpointConfiguration tenant-1 ← Endpoint tenant" in text
    assert "  - Exempted: moves on Monday (owner: ml-platform, until 2026-12-01)" in text


def test_sarif_has_kind_level_place_and_suppression(every_kind: list[Finding]) -> None:
    """The standard: what doesn't fail has level none; what is exempted is suppressed, not left out."""
    [run] = sarif.log(every_kind)["runs"]
    results = {result["ruleId"]: result for result in run["results"]}
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert {name: (each["kind"], each["level"]) for name, each in results.items()} == {
        "keys-in-use-stay": ("fail", "error"),
        "endpoint-keys-are-held": ("open", "none"),
        "endpoints-roll-back-on-alarms": ("fail", "note"),
        "model-images-are-pinned-by-digest": ("fail", "error"),
        "artifacts-are-not-overwritten": ("pass", "none"),
    }
    assert all(rules[result["ruleIndex"]] == name for name, result in results.items())
    assert results["model-images-are-pinned-by-digest"]["suppressions"] == [
        {"kind": "external", "justification": "moves on Monday (owner: ml-platform, until 2026-12-01)"}
    ]
    [place] = results["keys-in-use-stay"]["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"].endswith("aws:kms/key:Key::decision-trees")
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "Pulumi.yaml"}


def test_sarif_fingerprints_tell_two_faults_of_one_resource_apart(every_kind: list[Finding]) -> None:
    """Accepting the mild one must not hide the severe one."""
    mild = Finding("rule", "a", "violated", "low", "one", urn="u")
    severe = Finding("rule", "a", "violated", "high", "one", urn="u")

    prints = {sarif.fingerprint(each) for each in (*every_kind, mild, severe)}

    assert len(prints) == len(every_kind) + 2
    assert sarif.fingerprint(mild) == sarif.fingerprint(Finding("rule", "a", "violated", "low", "one", urn="u"))


@pytest.mark.skipif(
    not Path(os.environ.get("SARIF_SCHEMA", "/nowhere")).is_file(),
    reason="SARIF_SCHEMA names no file; the schema is OASIS's sarif-schema-2.1.0.json",
)
def test_sarif_is_valid_by_the_standards_own_schema(every_kind: list[Finding]) -> None:
    """With findings and without."""
    import jsonschema

    schema = json.loads(Path(os.environ["SARIF_SCHEMA"]).read_text(encoding="utf-8"))

    for findings in (every_kind, []):
        jsonschema.validate(json.loads(sarif.render(findings)), schema)


def test_junit_counts_each_kind_and_is_read_back(every_kind: list[Finding]) -> None:
    """Failures refuse, errors could not be known, skipped ones are undecided or exempted."""
    unknown = Finding("guard", "keys-in-use-stay", "unknown", "high", "The account could not be asked.")

    xml = JUnitXml.fromstring(junit.render([*every_kind, unknown]).encode())

    assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (6, 1, 1, 2)
    cases = {case.name: case for suite in xml for case in suite}
    failure = cases["keys-in-use-stay (decision-trees)"].result[0]
    assert failure.type == "critical"
    assert "Path of use: Key decision-trees <- EndpointConfiguration tenant-1 <- Endpoint tenant." in failure.text
    assert "exempted: moves on Monday" in cases["model-images-are-pinned-by-digest"].result[0].message


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ud800", "\ufffe", "]]>", "<&\"'", "\u2028"])
def test_junit_stays_well_formed_whatever_is_in_a_name(character: str) -> None:
    """XML has no way to write most control characters; one of them would make the whole file unreadable."""
    finding = Finding("rule", "a", "violated", "low", f"a{character}b", resource_name=f"n{character}", fix=character)

    root = ET.fromstring(junit.render([finding]).encode())

    assert root.find(".//failure") is not None
