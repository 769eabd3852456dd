"""Values: on the wire, in state, compared, and by path."""

from __future__ import annotations  # noqa: I001

import math
from typing import Any, TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.errors import ProgramError, StateError
from rehearsal.state import PlaintextCrypter
from rehearsal.state.properties import read, write
from rehearsal.values import UNKNOWN, Archive, Asset, OutputValue, ResourceReference, Secret, assets, masked, paths
from rehearsal.values.compare import differences, equal
from rehearsal.values.wire import EVERYTHING, VALUES, Keep, from_struct, to_struct

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=10,
)
SPECIAL = {
    "unknown": UNKNOWN,
    "secret": Secret({"k": ["v", 1, None]}),
    "output": OutputValue("x", secret=True, dependencies=("urn:pulumi:s::p::t::n",)),
    "unknown output": OutputValue(UNKNOWN, dependencies=("u",)),
    "reference": ResourceReference("urn", "id", "1.0"),
    "component": ResourceReference("urn"),
    "unmade": ResourceReference("urn", UNKNOWN),
    "asset": Asset("h", text="t"),
    "archive": Archive("h", assets={"a": Asset("h", path="p")}),
}


@given(st.dictionaries(st.text(min_size=1, max_size=5), PLAIN, max_size=4))
def test_plain_values_survive_the_wire_and_the_state(bag: dict[str, Any]) -> None:
    """What is sent is received, what is written is read."""
    assert from_struct(to_struct(bag, Keep()), VALUES) == bag
    assert read(write(bag, PlaintextCrypter()), PlaintextCrypter()) == bag


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values_survive_the_wire(name: str) -> None:
    """Secrets, unknowns, references, outputs and assets come out as they went in."""
    bag = {"v": SPECIAL[name], "list": [SPECIAL[name]]}

    assert from_struct(to_struct(bag, EVERYTHING), EVERYTHING) == bag


def test_what_the_other_side_does_not_understand_is_reduced() -> None:
    """Unknowns are left out, secrets opened, references become ids, outputs their values."""
    sent = from_struct(to_struct({**SPECIAL, "list": [1, UNKNOWN, 2]}, Keep()), EVERYTHING)

    assert sent["secret"] == {"k": ["v", 1, None]}
    assert sent["reference"] == "id"
    assert sent["component"] == "urn"
    assert sent["output"] == "x"
    assert sent["list"] == [1, 2]
    assert not {"unknown", "unknown output", "unmade"} & set(sent)


def test_whole_numbers_are_integers_and_others_survive_state() -> None:
    """The wire knows only floats; state knows no infinity."""
    assert type(from_struct(to_struct({"n": 3}, Keep()))["n"]) is int
    assert write(3.0, PlaintextCrypter()) == 3
    assert read(write(math.inf, PlaintextCrypter()), PlaintextCrypter()) == math.inf


def test_a_secret_in_state_is_ciphertext_of_its_json() -> None:
    """Nested secrets aren't encrypted again, and a damaged one is refused."""

    class Reversing:
        type, state = "reversing", {}

        def encrypt(self, text: str) -> str:
            return text[::-1]

        def decrypt(self, text: str) -> str:
            return text[::-1]

    written = write(Secret({"a": Secret(1)}), Reversing())

    assert "plaintext" not in written
    assert read(written, Reversing()) == Secret({"a": Secret(1)})
    with pytest.raises(StateError, match="exactly one of ciphertext and plaintext"):
        read({**written, "plaintext": "1"}, Reversing())


def test_masked_values_show_no_secret() -> None:
    """Events show `[secret]`."""
    shown = masked({"a": Secret("hush"), "b": [OutputValue("hush", secret=True)], "c": Asset("h", text="t")})

    assert shown == {"a": "[secret]", "b": ["[secret]"], "c": {"hash": "h", "text": "t"}}


@pytest.mark.parametrize(
    ("text", "steps"),
    [("a", ("a",)), ("b.c", ("b", "c")), ("e[0].x", ("e", 0, "x")), ('f["g.h"]', ("f", "g.h")), ("b[*]", ("b", "*"))],
)
def test_paths_are_read_and_written(text: str, steps: paths.Path) -> None:
    """Each form of step."""
    assert paths.parse(text) == steps
    assert paths.text(steps) == text or "*" in steps


def test_a_path_that_is_none_is_refused() -> None:
    """With the place of the trouble."""
    with pytest.raises(ProgramError, match="position 1"):
        paths.parse("a[")


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("a", {"a": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}),
        ("a", {}, {"a": 2}, {}),
        ("a", {"a": 1}, {}, {"a": 1}),
        ("a.b", {"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"a": {"b": 1, "c": 3}}),
        ("l[1]", {"l": [1, 2]}, {"l": [3, 4]}, {"l": [3, 2]}),
        ("l[*].x", {"l": [{"x": 1}, {"x": 2}]}, {"l": [{"x": 3}, {"x": 4}]}, {"l": [{"x": 1}, {"x": 2}]}),
        ("s.k", {"s": Secret({"k": 1})}, {"s": Secret({"k": 2})}, {"s": Secret({"k": 1})}),
    ],
)
def test_ignored_paths_take_the_old_value(path: str, old: Any, new: Any, expected: Any) -> None:
    """As `ignore_changes` wants it."""
    result, done = paths.reset(paths.parse(path), old, new)

    assert (result, done) == (expected, True)


def test_true_is_not_one_and_unknown_equals_nothing() -> None:
    """Python's own equality would say otherwise."""
    assert not equal(True, 1)
    assert equal(1, 1.0)
    assert not equal(UNKNOWN, UNKNOWN)
    assert equal(Asset("h", text="a"), Asset("h", path="b"))


def test_differences_name_the_paths() -> None:
    """Secrets are compared open, null is as good as absent."""
    old = {"a": 1, "s": Secret("x"), "l": [1, 2], "n": None}
    new = {"a": 1, "s": Secret("y"), "l": [1], "m": {"k": 1}}

    assert differences(old, new) == {"l[1]": "delete", "m": "add", "s": "update"}


def test_an_archive_of_a_directory_has_a_hash_of_its_content(tmp_path: Path) -> None:
    """The same files give the same hash, wherever they lie; a missing one is the program's fault."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("text")

    first, second = (assets.hashed(Archive(path=name), tmp_path).hash for name in ("one", "two"))

    assert first == second != ""
    with pytest.raises(ProgramError, match="can't be read"):
        assets.hashed(Asset(path="none"), tmp_path)


def test_an_asset_that_a_provider_read_has_its_contents_back() -> None:
    """A provider is sent hashes alone; a state with nothing but a hash could never be given to a program again."""
    sent = {"source": Secret(Asset("h1", path="a.tar")), "tree": Archive("h2", path="b.zip")}
    read_back = {
        "source": Secret(Asset("h1")),
        "tree": Archive("h2"),
        "other": Asset("h3"),
        "own": Asset("h1", text="t"),
    }

    assert assets.restored(read_back, sent) == {**sent, "other": Asset("h3"), "own": Asset("h1", text="t")}
