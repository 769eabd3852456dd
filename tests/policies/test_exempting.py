"""Exemptions in a pack: the violation becomes a line that says who answers for it, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judging import UNKNOWN, Given, Judge

from policies.rules import endpoint_keys_are_held, model_images_are_pinned_by_digest
from policies.tokens import ENDPOINT_CONFIGURATION, KEY, MODEL

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

IMAGES = model_images_are_pinned_by_digest.rule
HELD = endpoint_keys_are_held.rule
LATEST = Given(MODEL, {"primaryContainer": {"image": "a:latest"}}, "scoring")
OTHER = Given(MODEL, {"primaryContainer": {"image": "a:latest"}}, "other")
KEY_OWN = Given(KEY, {"arn": "arn:k"}, "own")
NAMING = Given(ENDPOINT_CONFIGURATION, {"kmsKeyArn": "arn:k"}, "c")


def entry(rule: str, resource: str, expires: str = "2999-12-31") -> str:
    return (
        f"  - rule: {rule}\n    resource: {resource}\n    reason: moves on Monday\n    owner: ml-platform\n"
        f"    expires: {expires}\n"
    )


def write(path: Path, *entries: str) -> None:
    path.write_text("schema_version: 1\nexemptions:\n" + "".join(entries), encoding="utf-8")


def test_an_exempted_violation_is_an_advisory_line_with_owner_reason_and_day(judge: Judge, tmp_path: Path) -> None:
    """And the same violation of another resource still refuses."""
    write(tmp_path / "exemptions.yaml", entry(IMAGES.name, "scoring"))

    judgement = judge(IMAGES, LATEST, OTHER)

    assert [violation.partition(":")[0] for violation in judgement.violations] == ["Model other"]
    [line] = judgement.advice
    assert line.startswith("model-images-are-pinned-by-digest: Model scoring: primaryContainer.image is a:latest")
    assert line.endswith("Exempted: moves on Monday (owner: ml-platform, until 2999-12-31)")


def test_a_stack_rules_violation_can_be_exempted_as_well(judge: Judge, tmp_path: Path) -> None:
    """It belongs to the resource that it is about, not to the stack."""
    write(tmp_path / "exemptions.yaml", entry(HELD.name, "own"))

    judgement = judge(HELD, KEY_OWN, NAMING)

    assert judgement.violations == []
    assert judgement.advice[0].startswith("endpoint-keys-are-held: Key own: ")
    assert judgement.urns == [KEY_OWN.urn]


def test_an_exemption_that_is_over_refuses_again_and_says_so(judge: Judge, tmp_path: Path) -> None:
    """Whoever meets the refusal sees that it was let pass until a day."""
    write(tmp_path / "exemptions.yaml", entry(IMAGES.name, "scoring", "2020-01-31"))

    judgement = judge(IMAGES, LATEST)

    assert (
        "An exemption for this ended on 2020-01-31 (exemptions.yaml, line 3, owner: ml-platform)."
        in (judgement.violations[0])
    )
    assert "ended on 2020-01-31. Remove it, or renew it with its owner." in judgement.advice[0]


def test_a_malformed_date_refuses_once_and_exempts_nothing(judge: Judge, tmp_path: Path) -> None:
    """Even where the rule finds nothing: somebody believes to be exempted."""
    write(tmp_path / "exemptions.yaml", entry(IMAGES.name, "scoring", "next week"))

    judgement = judge(IMAGES, LATEST)

    assert len(judgement.violations) == 2
    assert "expires on 'next week', which is no date" in judgement.violations[0]


def test_an_unused_exemption_is_reported_and_one_of_another_rule_is_not(judge: Judge, tmp_path: Path) -> None:
    """A pack knows only its own rules; a guard's exemption is the guards' to judge."""
    guard = entry("keys-in-use-stay", "own").replace("rule:", "guard:")
    write(tmp_path / "exemptions.yaml", entry(IMAGES.name, "gone"), entry(HELD.name, "own"), guard)

    judgement = judge(IMAGES, OTHER)

    [line] = judgement.advice
    assert "for gone (owner: ml-platform) matches nothing that was found" in line


def test_an_exemption_is_not_stale_while_its_resource_is_undecided(judge: Judge, tmp_path: Path) -> None:
    """In `up` it may be needed."""
    write(tmp_path / "exemptions.yaml", entry(IMAGES.name, "scoring"))

    judgement = judge(IMAGES, Given(MODEL, {"primaryContainer": {"image": UNKNOWN}}, "scoring"))

    assert judgement.advice == []
    assert len(judgement.undecided) == 1


def test_a_file_that_cannot_be_used_refuses_and_exempts_nothing(judge: Judge, tmp_path: Path) -> None:
    """It is a refusal with file and line, not a traceback of the pack."""
    (tmp_path / "exemptions.yaml").write_text("schema_version: 1\nexemptions: soon\n", encoding="utf-8")

    judgement = judge(IMAGES, LATEST)

    assert len(judgement.violations) == 2
    assert "exemptions.yaml, line 2: exemptions is a list" in judgement.violations[0]


def test_the_file_is_named_by_the_variable_or_by_configuration(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configuration wins: it is closer to the pack."""
    write(tmp_path / "by-variable.yaml", entry(IMAGES.name, "scoring"))
    write(tmp_path / "by-configuration.yaml", entry(IMAGES.name, "other"))
    monkeypatch.setenv("HOLDFAST_EXEMPTIONS", str(tmp_path / "by-variable.yaml"))

    by_variable = judge(IMAGES, LATEST)
    by_configuration = judge(IMAGES, OTHER, config={"exemptions-can-be-read": {"path": "by-configuration.yaml"}})
    missing = judge(IMAGES, LATEST, config={"exemptions-can-be-read": {"path": "none.yaml"}})

    assert by_variable.violations == []
    assert by_configuration.violations == []
    assert "none.yaml, which the pack's configuration names, is no file" in missing.violations[0]


def test_undecided_can_be_made_to_refuse_by_configuration(judge: Judge) -> None:
    """For teams whose pipelines would rather stop than find out half-way through an `up`."""
    given = Given(MODEL, {"containers": [{"image": UNKNOWN}, {"image": UNKNOWN}]}, "scoring")

    judgement = judge(IMAGES, given, config={IMAGES.name: {"undecided": "mandatory"}})

    assert judgement.undecided == []
    assert judgement.violations == [
        f"undecided: Model scoring: containers[{index}].image is not known before `up`." for index in (0, 1)
    ]


def test_a_disabled_rule_says_nothing_and_an_advisory_one_advises(judge: Judge) -> None:
    """Levels are pulumi's own; they need nothing of ours."""
    assert judge(IMAGES, LATEST, level="disabled").violations == []
    advised = judge(IMAGES, LATEST, level="advisory")

    assert advised.violations == []
    assert len(advised.advice) == 1


def test_many_undecided_are_told_in_one_line_with_a_number() -> None:
    """A stack of 300 endpoints in its first preview must stay readable."""
    from policies.wording import undecided

    line = undecided([f"Key {index}." for index in range(12)])

    assert line.startswith("undecided: Key 0. Key 1.")
    assert line.endswith("Key 9. And 2 more.")
