"""Secrets are kept as Pulumi's passphrase provider keeps them, and a wrong passphrase changes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rehearsal.errors import StateError
from rehearsal.state.passphrase import Passphrase, WrongPassphraseError

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsed_project import RehearsedProject

# Written by the Pulumi CLI 3.260 under the passphrase "x".
SALT = "v1:yQ5AVHDpzA0=:v1:/qrxdBXKxlP3E4Lm:toV1XY+9ExIYxq7QOp/1H1HxWU2bIg=="
SECURE = "v1:EQq/XHIb56iBrKna:wklbApAgx7MLUMuKEm5ntZrnYkE+vg=="


def test_what_the_pulumi_cli_encrypted_can_be_read() -> None:
    """Salt and ciphertext are the real CLI's."""
    assert Passphrase("x", SALT).decrypt(SECURE) == "s3cr3t"


def test_a_value_comes_back() -> None:
    """Any text, the empty one too; twice the same text is never the same ciphertext."""
    crypter = Passphrase.create("phrase")
    for text in ("", "a", "schlüssel 🔑", "x" * 10_000):
        assert crypter.decrypt(crypter.encrypt(text)) == text

    assert crypter.encrypt("a") != crypter.encrypt("a")
    assert re.fullmatch(r"v1:[A-Za-z0-9+/]{11}=:v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]+", crypter.salt)


def test_a_wrong_passphrase_is_refused() -> None:
    """Before anything is encrypted with it."""
    with pytest.raises(WrongPassphraseError, match="incorrect passphrase"):
        Passphrase("y", SALT).encrypt("value")


@pytest.mark.parametrize("salt", ["", "v2:a:b", "v1:!!:v1:a:b", "nonsense"])
def test_a_damaged_salt_is_named(salt: str) -> None:
    """It can't be guessed again: the file must be restored."""
    with pytest.raises(StateError, match="encryption salt"):
        Passphrase("x", salt)


def test_a_damaged_secret_is_named() -> None:
    """The passphrase is right, the value isn't."""
    with pytest.raises(StateError, match="is damaged"):
        Passphrase("x", SALT).decrypt(SECURE[:-4] + "AAAA")


def test_a_wrong_passphrase_stops_each_command_that_needs_one(
    project: RehearsedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and writing alike; nothing is changed."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "right")
    project.stack()
    project.ask("config", "set", "--secret", "token", "value")
    before = (project.folder / "Pulumi.dev.yaml").read_text()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")

    for words in (["config", "get", "token"], ["config", "set", "--secret", "other", "x"], ["up", "--yes"]):
        answer = project.ask(*words)
        assert answer.status == 1
        assert "incorrect passphrase" in answer.err
    assert (project.folder / "Pulumi.dev.yaml").read_text() == before
    assert not project.state.exists()


def test_the_passphrase_comes_from_a_file_or_is_that_of_rehearsals(
    project: RehearsedProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PULUMI_CONFIG_PASSPHRASE_FILE counts as with Pulumi; without either a rehearsal needs no set-up."""
    project.stack()
    project.ask("config", "set", "--secret", "token", "value")
    (tmp_path / "phrase").write_text("rehearsal\n")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "phrase"))

    assert project.ask("config", "get", "token").out == "value\n"


def test_other_secrets_providers_are_a_gap(project: RehearsedProject) -> None:
    """A stack of the real account isn't rehearsed by accident."""
    project.stack()
    project.write("Pulumi.dev.yaml", "secretsprovider: awskms://alias/x\nencryptedkey: abc\n")

    assert "no secrets provider 'awskms://alias/x'" in project.ask("config").err
    assert "no secrets provider" in project.ask("stack", "init", "b", "--secrets-provider", "awskms://a").err
