"""A program of somebody else's under the guards: every removal and narrowing is refused, every unused twin passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

REMOVED = {
    "key": "key-in-use-stays",
    "alias": "alias-in-use-stays",
    "object": "artifact-in-use-stays",
    "role": "role-in-use-stays",
    "policy": "role-in-use-keeps-its-rights",
    "repository": "repository-in-use-stays",
    "subnet": "subnet-in-use-stays",
    "group": "security-group-in-use-stays",
}
CHANGED = {
    "key": "key-in-use-stays-enabled",
    "object": "artifact-in-use-is-not-overwritten",
    "role": "role-in-use-stays-trusted",
    "policy": "role-in-use-keeps-its-rights",
}


def spare(names: Any) -> str:
    return ",".join(f"spare-{name}" for name in names)


@pytest.fixture(scope="module")
def removals(house: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """One preview without anything that is in use, and without the twins."""
    path: Path = tmp_path_factory.mktemp("removals") / "findings.jsonl"
    found: list[dict[str, Any]] = house.findings(path, GONE=",".join(REMOVED) + "," + spare(REMOVED))
    return found


@pytest.fixture(scope="module")
def changes(house: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """One preview that changes everything, and the twins."""
    path: Path = tmp_path_factory.mktemp("changes") / "findings.jsonl"
    found: list[dict[str, Any]] = house.findings(path, CHANGED=",".join(CHANGED) + "," + spare(CHANGED))
    return found


@pytest.mark.parametrize("thing", REMOVED)
def test_a_preview_refuses_to_remove_what_a_foreign_endpoint_uses(thing: str, removals: list[dict[str, Any]]) -> None:
    """And shows the path up to the endpoint."""
    found = [one for one in removals if one["resource_name"] == thing]

    assert [one["name"] for one in found] == [REMOVED[thing]]
    assert found[0]["outcome"] == "violated"
    assert found[0]["path"][-1].startswith("endpoint foreign")


@pytest.mark.parametrize("thing", CHANGED)
def test_a_preview_refuses_to_narrow_what_a_foreign_endpoint_uses(thing: str, changes: list[dict[str, Any]]) -> None:
    """Disabled, overwritten, no longer trusted, no longer allowed."""
    found = [one for one in changes if one["resource_name"] == thing]

    assert [one["name"] for one in found] == [CHANGED[thing]]


def test_the_unused_twins_may_go_and_change(removals: list[dict[str, Any]], changes: list[dict[str, Any]]) -> None:
    """No false alarm."""
    assert [one for one in removals + changes if one["resource_name"].startswith("spare-")] == []


def test_while_nothing_guarded_changes_nobody_asks_aws(house: Any) -> None:
    """Not the guards, and not the provider either: the account sees no call of any service."""
    before = len(house.account().calls())

    done = house.run("preview")

    assert done.returncode == 0, done.stdout + done.stderr
    assert house.account().calls()[before:] == []


def test_exemptions_that_cannot_be_read_stop_the_program_with_a_sentence(house: Any, tmp_path: Path) -> None:
    """No traceback: it is the file's fault, and what the file lacks is said."""
    file = tmp_path / "exemptions.yaml"
    file.write_text("schema_version: 1\nexemptions:\n  - guard: key-in-use-stays\n    resource: key\n")

    done = house.run("preview", HOLDFAST_EXEMPTIONS=str(file))

    assert done.returncode != 0
    assert "exemptions.yaml, line 3: reason is missing" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_at_up_the_refused_deletion_touches_nothing(house: Any) -> None:
    """Without any preview: state and account are as before."""
    before = house.resources(), house.account().fingerprint()

    done = house.run("up", "--yes", "--skip-preview", GONE="subnet")

    assert done.returncode != 0
    assert "subnet-in-use-stays" in done.stdout + done.stderr
    assert (house.resources(), house.account().fingerprint()) == before


def test_a_destroy_is_refused_while_a_foreign_endpoint_uses_the_stack(house: Any, tmp_path: Path) -> None:
    """Everything that is used stays; the preview says so."""
    done = house.run("destroy", "--preview-only", "--run-program", HOLDFAST_FINDINGS=str(tmp_path / "f"))

    assert done.returncode == 0, done.stdout + done.stderr
    names = {line.partition('"name": "')[2].partition('"')[0] for line in (tmp_path / "f").read_text().splitlines()}
    assert {"key-in-use-stays", "role-in-use-stays", "bucket-in-use-stays", "vpc-in-use-stays"} <= names


def test_a_run_that_goes_on_after_errors_ends_when_a_replacement_begins_with_a_refused_deletion(house: Any) -> None:
    """The engine never answers the program about the VPC, whose group is refused; the rest is done, and it ends."""
    state, ec2 = house.resources(), house.client("ec2")
    before = ec2.describe_security_groups()["SecurityGroups"]

    done = house.run("up", "--yes", "--skip-preview", "--continue-on-error", CHANGED="vpc,spare-object", TIMEOUT="120")

    said = done.stdout + done.stderr
    stored = house.client("s3").get_object(Bucket="spare-house-models", Key="model.tar.gz")["Body"].read()
    assert done.returncode != 0
    assert "-in-use-stays: " in said
    assert "The run ends here: " in said
    assert "the replacement of vpc was to begin with it" in said
    assert (house.resources(), ec2.describe_security_groups()["SecurityGroups"]) == (state, before)
    assert stored == b"another"


@pytest.mark.parametrize("emptied", ["before", "after", "own", "never"])
def test_what_the_program_s_own_transforms_do_is_seen(house: Any, tmp_path: Path, emptied: str) -> None:
    """Wherever they are registered: another policy takes the place of one that goes, unless a transform empties it."""
    found = house.findings(tmp_path / "findings.jsonl", GONE="policy", AGAIN=emptied)

    refused = [] if emptied == "never" else [("role-in-use-keeps-its-rights", "policy")]
    assert [(one["name"], one["resource_name"]) for one in found] == refused
