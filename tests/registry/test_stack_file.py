"""A pinned setting changes its own characters in the stack's file, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import PipelineError
from pipeline.stack_file import StackFile

if TYPE_CHECKING:
    from pathlib import Path

NEW = "registry.example.com:5000/team/model@sha256:" + "a" * 64


@pytest.fixture
def stack(tmp_path: Path) -> StackFile:
    return StackFile(tmp_path, "dev")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            (
                "# top\nconfig:\n  aws:region: eu-west-1   # where\n  holdfast:image: a/b:1  # the model\n\n  # next\n"
                "  x:y: [1,  2]\n"
            ),
            (
                f"# top\nconfig:\n  aws:region: eu-west-1   # where\n  holdfast:image: {NEW}  # the model\n\n  # next\n"
                "  x:y: [1,  2]\n"
            ),
        ),
        ('config: \n    "holdfast:image": "a/b:1"\n', f'config: \n    "holdfast:image": "{NEW}"\n'),
        ("config:\n  holdfast:image: 'a/b:1' # c\n", f"config:\n  holdfast:image: '{NEW}' # c\n"),
        ("config:\r\n  holdfast:image: a\r\n  k:v: 1\r\n", f"config:\r\n  holdfast:image: {NEW}\r\n  k:v: 1\r\n"),
        ("config:\n  holdfast:image: a/b:1", f"config:\n  holdfast:image: {NEW}"),
        ("config:\n  holdfast:image: >-\n    a/b:1\n", None),
        (
            "config:\n  # first\n  holdfast:name: x\n",
            f"config:\n  # first\n  holdfast:image: {NEW}\n  holdfast:name: x\n",
        ),
        ("encryptionsalt: v1:x\n", f"encryptionsalt: v1:x\nconfig:\n  holdfast:image: {NEW}\n"),
        ("", f"config:\n  holdfast:image: {NEW}\n"),
        ("# empty so far\n", f"# empty so far\nconfig:\n  holdfast:image: {NEW}\n"),
        ("config: {holdfast:image: a}\n", None),
        ("a: &x y\nconfig:\n  holdfast:image: *x\n", None),
        ("config:\n  holdfast:image: &x y\n  k:v: *x\n", None),
        ("config:\n  holdfast:image:\n    secure: v1:abc\n", None),
    ],
)
def test_only_the_value_changes(stack: StackFile, before: str, after: str | None) -> None:
    """A form that can't be changed in its place is left, and told."""
    stack.path.write_bytes(before.encode())
    if after is None:
        with pytest.raises(PipelineError, match="write it there by hand"):
            stack.pin("image", NEW)
    else:
        assert stack.pin("image", NEW)

    assert stack.path.read_bytes().decode() == (before if after is None else after)


def test_what_is_pinned_already_is_not_written(stack: StackFile) -> None:
    stack.path.write_text(f"config:\n  holdfast:image: {NEW}\n")
    stamp = stack.path.stat().st_mtime_ns

    assert stack.pin("image", NEW) is False
    assert stack.path.stat().st_mtime_ns == stamp


def test_a_file_keeps_its_permissions(stack: StackFile) -> None:
    stack.path.write_text("config:\n  holdfast:image: a\n")
    stack.path.chmod(0o640)
    stack.pin("image", NEW)

    assert stack.path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("text", "says"),
    [("config: [", "isn't YAML"), ("[1]", "no settings"), ("config: [1]\n", "map of settings"), ("\xff", "can't be")],
)
def test_a_file_that_is_none_is_told_and_left(stack: StackFile, text: str, says: str) -> None:
    stack.path.write_bytes(text.encode("latin-1"))
    with pytest.raises(PipelineError, match=says):
        stack.pin("image", NEW)

    assert stack.path.read_bytes() == text.encode("latin-1")


BEFORE = (
    "config:\n  # why two\n  holdfast:instanceCount: 2   # since May\n  holdfast:environment:\n    # threads\n"
    "    WORKERS: 1  # of them\n    MODE: fast\n  holdfast:name: x\n"
)


@pytest.mark.parametrize(
    ("name", "value", "change"),
    [
        ("instanceCount", 3, ("Count: 2 ", "Count: 3 ")),
        ("environment", {"WORKERS": "4"}, ("WORKERS: 1 ", 'WORKERS: "4" ')),
        ("environment", {"NEW": "true"}, ("    WORKERS", '    NEW: "true"\n    WORKERS')),
        (
            "recommendation",
            {"job": "j-1", "simulated": True},
            (
                "  holdfast:instanceCount",
                "  holdfast:recommendation:\n    job: j-1\n    simulated: true\n  holdfast:instanceCount",
            ),
        ),
        ("instanceType", "ml.c5.large", ("  holdfast:inst", "  holdfast:instanceType: ml.c5.large\n  holdfast:inst")),
    ],
)
def test_numbers_and_maps_are_written_in_place(
    stack: StackFile, name: str, value: Any, change: tuple[str, str]
) -> None:
    """Comments stay, and text that would be a number is put in quotation marks."""
    stack.path.write_text(BEFORE)

    assert stack.put(name, value) is True
    assert stack.path.read_text() == BEFORE.replace(*change, 1)
    assert stack.put(name, value) is False


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  holdfast:environment: {A: b}\n",
        "config:\n  holdfast:environment:\n    secure: v1:x\n",
        "config:\n  holdfast:environment: &x\n    A: &y b\n",
    ],
    ids=["flow", "secret", "anchor"],
)
def test_a_map_in_another_form_is_left_and_told(stack: StackFile, text: str) -> None:
    stack.path.write_text(text)

    with pytest.raises(PipelineError, match="write it there by hand"):
        stack.put("environment", {"A": "c"})
    assert stack.path.read_text() == text


def test_a_file_without_settings_gets_a_map(stack: StackFile) -> None:
    assert stack.put("environment", {"A": "b"}) is True
    assert stack.path.read_text() == 'config:\n  holdfast:environment:\n    "A": "b"\n'
