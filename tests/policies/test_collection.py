"""What holds for all rules and all packs: names, pages, contents, and that they really start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from findings.policy_messages import IN_FORCE
from policies import catalogue
from policies.rule import ResourceRule, Rule, StackRule
from policies.rules import RULES
from policies.serving import CAN_BE_READ, policies_of

POLICIES = Path(catalogue.__file__).parent
PACK_FOLDERS = sorted(path.parent for path in POLICIES.glob("*/PulumiPolicy.yaml"))
EACH_RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
EACH_PACK = pytest.mark.parametrize("folder", PACK_FOLDERS, ids=lambda folder: folder.name)


def test_every_file_in_the_folder_is_a_rule_in_the_list() -> None:
    """A rule that nobody listed would be believed to be in force."""
    files = {path.stem.replace("_", "-") for path in (POLICIES / "rules").glob("[a-z]*.py")}

    assert files == {rule.name for rule in RULES}
    assert len(RULES) == len(files)


@EACH_RULE
def test_a_rule_is_described_in_full(rule: Rule) -> None:
    """Name, title, remedy and AWS's page are what a person has in hand when it refuses."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert rule.title.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.url.startswith("https://docs.aws.amazon.com/sagemaker/latest/")
    assert rule.types
    assert isinstance(rule, ResourceRule | StackRule)


@EACH_RULE
def test_a_rule_is_small_and_its_page_has_every_section(rule: Rule) -> None:
    """More than a screen is two rules, or a part that belongs beside them."""
    source = (POLICIES / "rules" / f"{rule.name.replace('-', '_')}.py").read_text(encoding="utf-8")

    assert len(source.splitlines()) <= 135
    assert set(catalogue.sections(rule)) == {"", *catalogue.SECTIONS}
    assert catalogue.sections(rule)[""].endswith(".")


def test_the_catalogue_is_what_the_rules_say() -> None:
    """Stale? Run `python -m policies.catalogue`."""
    assert catalogue.PAGE.read_text(encoding="utf-8") == catalogue.page()


def test_what_each_pack_holds() -> None:
    """Pinned: a rule that leaves a pack, or weighs less, is a decision and not an accident."""
    integrity = {
        "model-images-are-pinned-by-digest": "mandatory",
        "immutable-resources-are-created-before-deleted": "mandatory",
        "endpoint-keys-stay-enabled": "mandatory",
        "endpoint-keys-are-held": "mandatory",
        "endpoint-buckets-are-held": "mandatory",
        "execution-roles-keep-model-permissions": "mandatory",
        "artifacts-do-not-expire": "mandatory",
        "private-registry-models-are-in-a-vpc": "mandatory",
        "registry-credentials-come-from-a-function": "mandatory",
        "model-versions-are-pinned-by-digest": "mandatory",
        "models-come-from-approved-versions": "mandatory",
        "model-package-group-policies-name-accounts": "mandatory",
        "endpoints-roll-back-on-alarms": "advisory",
        "artifacts-are-not-overwritten": "advisory",
        "images-do-not-expire": "advisory",
        "endpoint-storage-is-encrypted": "advisory",
        "instance-types-come-from-recommendations": "disabled",
    }
    access = {"production-variants-have-no-ssm-access": "mandatory", "ssm-access-has-an-end-date": "mandatory"}

    assert {pack.NAME: pack.LEVELS for pack in catalogue.PACKS} == {
        "holdfast-endpoint-integrity": integrity,
        "holdfast-container-access": access,
        "holdfast": {**integrity, **access},
    }
    assert set(catalogue.PACKS[-1].LEVELS) == {rule.name for rule in RULES}


@EACH_PACK
def test_a_pack_names_its_rules_and_those_that_heed_exemptions_around_them(folder: Path) -> None:
    """The first has to be first and the last two last: they hand over within one call of the engine."""
    pack = next(pack for pack in catalogue.PACKS if Path(pack.__file__).parent == folder)

    names = [policy.name for policy in policies_of(pack.LEVELS)]

    assert names == [CAN_BE_READ, *pack.LEVELS, *IN_FORCE]


@pytest.mark.parametrize("levels", [{"no-such-rule": "mandatory"}, {"endpoint-keys-are-held": "strict"}])
def test_a_pack_that_weighs_what_there_is_not_fails_to_start(levels: dict[str, str]) -> None:
    """A misspelt rule would never refuse anything."""
    with pytest.raises(ValueError, match=r"no-such-rule|strict"):
        policies_of(levels)


@EACH_PACK
def test_a_packs_project_file_and_entry_point_are_of_one_form(folder: Path) -> None:
    """`__main__.py` serves and does nothing else: it never returns, so nothing in it could be tested."""
    project = yaml.safe_load((folder / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    pack = next(pack for pack in catalogue.PACKS if Path(pack.__file__).parent == folder)

    assert project["runtime"] == {"name": "python", "options": {"virtualenv": "../../.venv"}}
    assert project["version"] == "0.1.0"
    assert project["description"] == pack.DESCRIPTION
    assert len((folder / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 15


@EACH_PACK
def test_a_pack_starts_and_prints_its_port(folder: Path) -> None:
    """As the engine starts it: from its own folder, which alone is on the path, without this repository installed."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = process.stdout.readline()
        process.kill()

    assert int(port) > 0


def test_no_pack_imports_what_it_does_not_need_to_start() -> None:
    """A pack is a process in every preview and every `up`; each of these costs as much as the rest together."""
    code = "import sys, policies.everything.pack, policies.serving; print(*sorted(sys.modules))"

    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    heavy = {"pydantic", "rich", "boto3", "botocore", "pulumi_aws", "networkx", "moto", "typer"}
    assert heavy.isdisjoint(modules)
