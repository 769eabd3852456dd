"""State: the deployment document, its versions, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.errors import RehearsalGap, StateError
from rehearsal.state import Manifest, PendingOperation, ResourceState, Snapshot, from_json, to_json, to_text, verify
from rehearsal.values import Secret

STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"
PROVIDER = "urn:pulumi:s::p::pulumi:providers:aws::default"
KEY = "urn:pulumi:s::p::aws:kms/key:Key::key"


class Reversing:
    """Encrypts by reversing, and counts."""

    type = "reversing"
    state: dict[str, Any] = {"salt": "none"}  # noqa: RUF012
    count = 0

    def encrypt(self, text: str) -> str:
        self.count += 1
        return text[::-1]

    def decrypt(self, text: str) -> str:
        return text[::-1]


def snapshot(**key: Any) -> Snapshot:
    """A stack with a provider and a key."""
    resources = [
        ResourceState(STACK, "pulumi:pulumi:Stack", custom=False),
        ResourceState(PROVIDER, "pulumi:providers:aws", custom=True, id="1-2"),
        ResourceState(KEY, "aws:kms/key:Key", custom=True, id="k", provider=f"{PROVIDER}::1-2", parent=STACK, **key),
    ]
    return Snapshot(resources, manifest=Manifest(version="v1"))


def test_a_snapshot_survives_its_document() -> None:
    """All fields, secrets and pending operations come back."""
    before = snapshot(
        inputs={"a": Secret("x")}, outputs={"n": 1}, protect=True, custom_timeouts={"create": 60.0},
        property_dependencies={"a": [STACK]}, stack_trace=["project:///a#1"], replacement_trigger=[1],
    )  # fmt: skip
    before.pending_operations = [PendingOperation(before.resources[2], "updating")]

    after = from_json(json.loads(to_text(before, Reversing())), Reversing())

    verify(after)
    for old, new in zip(before.resources, after.resources, strict=True):
        assert {**vars(old), "written": None} == {**vars(new), "written": None}
    assert [(p.type, p.resource.urn) for p in after.pending_operations] == [("updating", KEY)]


@pytest.mark.parametrize(
    ("field", "version", "features"),
    [
        ({}, 3, None),
        ({"resource_hooks": {"BeforeDelete": ["guard"]}}, 4, ["hooks"]),
        ({"taint": True, "replace_with": [STACK]}, 4, ["replaceWith", "taint"]),
    ],
)
def test_version_4_only_when_needed(field: dict[str, Any], version: int, features: list[str] | None) -> None:
    """Older programs can read the rest."""
    document = to_json(snapshot(**field), Reversing())

    assert (document["version"], document.get("features")) == (version, features)
    assert json.loads(to_text(snapshot(**field), Reversing())) == document


def test_what_did_not_change_is_not_encrypted_again() -> None:
    """Saving after every step must not cost all secrets every time; a change is written."""
    crypter, state = Reversing(), snapshot(inputs={"a": Secret("x")})
    to_text(state, crypter)
    to_text(state, crypter)

    assert crypter.count == 1
    state.resources[2].inputs = {"a": Secret("y")}
    assert json.loads(to_text(state, crypter))["deployment"]["resources"][2]["inputs"]["a"]["ciphertext"] == '"y"'


@pytest.mark.parametrize(
    ("document", "error", "text"),
    [
        ({"version": 2}, StateError, "versions 3 and 4"),
        ({"version": 4, "features": ["views"]}, RehearsalGap, "views"),
        ({"version": 3, "deployment": {"snippets": [1]}}, RehearsalGap, "snippets"),
        ({"version": 3, "deployment": {"resources": [{"urn": KEY}]}}, StateError, "no type"),
        ({"version": 3, "deployment": {"resources": [{"urn": KEY, "type": "t", "viewOf": "x"}]}}, RehearsalGap, "view"),
    ],
)
def test_what_cannot_be_kept_is_refused(document: dict[str, Any], error: type[Exception], text: str) -> None:
    """Never lost silently."""
    with pytest.raises(error, match=text):
        from_json(document, Reversing())


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda s: setattr(s.manifest, "magic", "0"), "magic"),
        (lambda s: s.resources.reverse(), "isn't before it"),
        (lambda s: s.resources.pop(1), "refers to the provider"),
        (lambda s: setattr(s.resources[0], "id", "x"), "has an id"),
        (lambda s: s.resources.append(s.resources[2]), "2 times"),
        (lambda s: setattr(s.resources[1], "id", ""), "has no id"),
        (lambda s: setattr(s.resources[2], "dependencies", [KEY + "2"]), "isn't before it"),
    ],
)
def test_damage_is_seen(damage: Any, text: str) -> None:
    """What `pulumi stack import` would refuse."""
    state = snapshot()
    damage(state)

    with pytest.raises(StateError, match=text):
        verify(state)


def test_a_replaced_resource_may_share_the_urn() -> None:
    """While it waits to be deleted."""
    state = snapshot()
    state.resources.append(state.resources[2].copy(delete=True))

    verify(state)
