"""Settings: kept where and as Pulumi keeps them, checked against what Pulumi.yaml declares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsed_project import RehearsedProject

DECLARED = """
name: tiny
runtime:
  name: python
  options: {virtualenv: .venv}
config:
  image: {type: string, description: the image to run}
  count: {type: integer, default: 2}
  tags: {type: array, items: {type: string}}
  verbose: {type: boolean, default: false}
  aws:region: {value: eu-central-1}
"""


def config(project: RehearsedProject, *words: str) -> dict:
    """`config --json`, read."""
    return json.loads(project.ask("config", "--json", *words).out)


def test_values_are_text_objects_or_secrets(project: RehearsedProject) -> None:
    """What `config set` keeps, `config` shows; secrets only when asked."""
    project.stack()
    project.ask("config", "set", "plain", "yes")
    project.ask("config", "set", "other:number", "3")
    project.ask("config", "set", "--secret", "token", "s3cret")
    project.ask("config", "set", "--path", "outer.list[0]", "5")
    project.ask("config", "set", "--path", "--secret", "outer.password", "hush")

    assert config(project) == {
        "other:number": {"value": "3", "secret": False},
        "tiny:outer": {"secret": True},
        "tiny:plain": {"value": "yes", "secret": False},
        "tiny:token": {"secret": True},
    }
    assert config(project, "--show-secrets")["tiny:outer"]["objectValue"] == {"list": [5], "password": "hush"}
    assert project.ask("config", "get", "token").out == "s3cret\n"
    assert json.loads(project.ask("config", "get", "--path", "outer.list[0]", "--json").out)["value"] == "5"
    assert "s3cret" not in (project.folder / "Pulumi.dev.yaml").read_text()


def test_several_are_kept_and_removed_at_once(project: RehearsedProject) -> None:
    """set-all takes pairs and JSON; rm-all takes keys."""
    project.stack()
    rows = json.dumps({"tiny:c": {"value": '{"x":1}', "objectValue": {"x": 1}, "secret": False}})
    project.ask("config", "set-all", "--plaintext", "a=1", "--secret", "b=2=3", "--json", rows)

    assert {key: row.get("value") for key, row in config(project, "--show-secrets").items()} == {
        "tiny:a": "1",
        "tiny:b": "2=3",
        "tiny:c": '{"x":1}',
    }
    project.ask("config", "rm-all", "a", "b", "nothing-of-that-name")
    assert list(config(project)) == ["tiny:c"]


def test_comments_and_order_survive(project: RehearsedProject) -> None:
    """A settings file belongs to people: changing one value changes one value."""
    project.stack()
    path = project.folder / "Pulumi.dev.yaml"
    text = path.read_text() + "# what follows was chosen with care\nconfig:\n  tiny:b: '1' # as one\n  a: two\n"
    path.write_text(text)
    project.ask("config", "set", "a", "three")

    assert path.read_text() == text.replace("a: two", "a: three")


def test_values_keep_what_yaml_1_2_says(project: RehearsedProject) -> None:
    """`no` is text, as with Pulumi's own reader; a date is text, numbers read as numbers do."""
    project.stack()
    project.write("Pulumi.dev.yaml", "config:\n  a: no\n  b: 2026-11-22\n  c: 0x10\n  d: 1.50\n  e: true\n  f: '007'\n")

    shown = {key.removeprefix("tiny:"): row["value"] for key, row in config(project).items()}

    assert shown == {"a": "no", "b": "2026-11-22", "c": "16", "d": "1.5", "e": "true", "f": "007"}


def test_declared_defaults_apply(project: RehearsedProject) -> None:
    """Every declared setting has its default or value; the stack's own wins."""
    project.write("Pulumi.yaml", DECLARED)
    project.stack()
    project.ask("config", "set", "count", "5")

    assert {key: row["value"] for key, row in config(project).items()} == {
        "aws:region": "eu-central-1",
        "tiny:count": "5",
        "tiny:verbose": "false",
    }


def test_what_is_missing_is_named_with_its_type_and_purpose(project: RehearsedProject) -> None:
    """All missing settings at once, before anything starts."""
    project.write("Pulumi.yaml", DECLARED)
    project.stack()
    answer = project.ask("preview")

    assert answer.status == 1
    assert "missing configuration values" in answer.err
    assert "tiny:image (string: the image to run): `config set image VALUE`" in answer.err
    assert "tiny:tags (array<string>)" in answer.err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("count: many", "tiny:count must be of type integer, and 'many'"),
        ("verbose: perhaps", "tiny:verbose must be of type boolean"),
        ("tags: [1, {a: b}]", "tiny:tags must be of type array<string>"),
        ("image: {a: b}", "tiny:image must be of type string"),
    ],
)
def test_a_wrong_type_is_named(project: RehearsedProject, setting: str, said: str) -> None:
    """The key, what it is and what it may be."""
    project.write("Pulumi.yaml", DECLARED)
    project.stack()
    rest = [line for line in ("image: x", "tags: [a]") if not line.startswith(setting[:4])]
    project.write("Pulumi.dev.yaml", "config:\n  " + "\n  ".join([setting, *rest]) + "\n")
    answer = project.ask("preview")

    assert answer.status == 1
    assert said in answer.err


def test_an_undeclared_key_is_warned_of(project: RehearsedProject) -> None:
    """Pulumi lets it pass, so does the rehearsal; but it says so."""
    from rehearsal.command import configuration
    from rehearsal.command import project as projects
    from rehearsal.command.stack_settings import StackSettings

    project.write("Pulumi.yaml", DECLARED)
    path = project.write("Pulumi.dev.yaml", "config:\n  image: a\n  tags: [a]\n  cuont: 3\n")
    warnings = configuration.check(projects.find(), StackSettings(path, "tiny"), "dev", lambda: None)

    assert len(warnings) == 1
    assert "tiny:cuont" in warnings[0]
    assert "Did you mean 'count'?" in warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds nothing, not a project"),
        ("- a\n", "holds a list, not a project"),
        ("name: tiny\nruntime: python\nname: other\n", "the key 'name' is there twice"),
        ("name: [\n", "isn't YAML"),
        ("runtime: python\n", "`name` must be text"),
        ("name: tiny\n", "`runtime` must be a name"),
        ("name: tiny\nruntime: python\nconfig: {a: {type: float}}\n", "config.a: there is no type 'float'"),
        ("name: tiny\nruntime: python\nconfig: {a: {type: array}}\n", "config.a is an array and doesn't say of what"),
        ("name: tiny\nruntime: python\nconfig: {a: {type: integer, default: x}}\n", "the default 'x' isn't of"),
        ("name: tiny\nruntime: python\nconfig: {a: {type: string, defualt: x}}\n", "has no attribute 'defualt'"),
        ("name: tiny\nruntime: python\nconfig: {o:a: {type: string}}\n", "isn't of this project's namespace"),
    ],
)
def test_a_malformed_project_file_is_named_with_its_fault(project: RehearsedProject, text: str, said: str) -> None:
    """File, key and what it should be; no traceback."""
    project.write("Pulumi.yaml", text)
    answer = project.ask("stack", "ls")

    assert answer.status == 1
    assert said in answer.err
    assert "Pulumi.yaml" in answer.err
    assert "Traceback" not in answer.err


def test_a_folder_without_project_is_named(
    project: RehearsedProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's move is in the message."""
    monkeypatch.chdir(tmp_path)
    answer = project.ask("preview")

    assert answer.status == 1
    assert "no Pulumi.yaml project file found" in answer.err


def test_a_project_without_program_is_named(project: RehearsedProject) -> None:
    """Before an engine starts."""
    project.stack()
    (project.folder / "__main__.py").unlink()
    answer = project.ask("preview")

    assert answer.status == 1
    assert "there is no program in" in answer.err


def test_another_runtime_is_a_gap(project: RehearsedProject) -> None:
    """The rehearsal runs Python programs only, and says so."""
    project.write("Pulumi.yaml", "name: tiny\nruntime: nodejs\n")
    project.stack()

    assert "no runtime 'nodejs'" in project.ask("preview").err
