"""A rehearsal's environment leads to the emulated account and nowhere else."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from users_environment import of_the_user

from rehearsal import environment
from rehearsal.account import AccountError, UnknownFault
from rehearsal.environment import AccountFailedError, EnvironmentRefusedError

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:5000"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in of_the_user():
        monkeypatch.delenv(name)


def test_the_account_is_started_and_everybody_led_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Endpoint, region, credentials that open nothing, no files of the user's."""
    asked = []
    monkeypatch.setattr(environment, "account", lambda folder: asked.append(folder) or SimpleNamespace(url=URL))
    prepared = environment.prepare(tmp_path, "dev")

    assert asked == [tmp_path]
    assert prepared["AWS_ENDPOINT_URL"] == URL
    assert prepared["AWS_REGION"] == prepared["AWS_DEFAULT_REGION"] == "us-east-1"
    assert prepared["AWS_EC2_METADATA_DISABLED"] == "true"
    assert prepared["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert prepared["PULUMI_CONFIG_PASSPHRASE"] == "rehearsal"


def test_the_users_own_settings_of_aws_are_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Profile, role, session token: none reaches a child; the region is theirs to choose."""
    own = {"AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "t", "AWS_ROLE_ARN": "r", "AWS_ACCESS_KEY_ID": "AKIAREAL"}
    for name, value in {**own, "AWS_ENDPOINT_URL": URL, "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    prepared = environment.prepare(tmp_path, "dev")
    children = {**os.environ, **prepared}

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"} & children.keys()
    assert children["AWS_ACCESS_KEY_ID"] != "AKIAREAL"
    assert children["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize(
    "url", ["https://s3.eu-west-1.amazonaws.com", "http://10.0.0.1:5000", "http://localhost.evil.org", "nonsense"]
)
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_an_endpoint_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, url: str) -> None:
    """Whichever variable names it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", URL)
    monkeypatch.setenv(name, url)
    with pytest.raises(EnvironmentRefusedError, match="isn't on this machine"):
        environment.prepare(tmp_path, "dev")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9"])
def test_an_endpoint_here_is_taken(url: str) -> None:
    """Loopback in every form."""
    environment.refuse_elsewhere("AWS_ENDPOINT_URL", url)


def test_only_projects_that_could_need_aws_start_an_account(tmp_path: Path) -> None:
    """By what they require, by their settings, by their state."""
    assert not environment.needs_account(tmp_path, ["tiny:a"], ["parity:index:Thing"])
    assert environment.needs_account(tmp_path, ["aws:region"], [])
    assert environment.needs_account(tmp_path, [], ["aws:s3/bucket:Bucket"])
    (tmp_path / "requirements.txt").write_text("pulumi==3\n# pulumi-aws==7\n")
    assert not environment.needs_account(tmp_path, [], [])
    (tmp_path / "requirements.txt").write_text("pulumi==3\nPulumi_AWS >= 7\n")
    assert environment.needs_account(tmp_path, [], [])


def test_an_account_id_has_twelve_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before an account is started under a wrong name."""
    monkeypatch.setenv("REHEARSAL_ACCOUNT", "12345")
    with pytest.raises(EnvironmentRefusedError, match="twelve digits"):
        environment.account_id()


def test_faults_are_read_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comma separated."""
    monkeypatch.setenv("REHEARSAL_FAULT", "silent-roll-back, throttle,")

    assert environment.faults() == ["silent-roll-back", "throttle"]


def test_what_the_account_refuses_is_an_error_of_the_rehearsal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unknown fault and an account that doesn't start end a command with a sentence."""
    refused = UnknownFault("unknown fault 'silent-rollback'; known: silent-roll-back")
    monkeypatch.setenv("REHEARSAL_FAULT", "silent-rollback")

    def arm(_: str) -> None:
        raise refused

    monkeypatch.setattr("rehearsal.account.ensure", lambda *_: SimpleNamespace(arm=arm))
    with pytest.raises(AccountFailedError, match="REHEARSAL_FAULT: unknown fault 'silent-rollback'; known:"):
        environment.arm_faults(tmp_path)

    def fail(*_: object) -> None:
        raise AccountError("did not start")

    monkeypatch.setattr("rehearsal.account.ensure", fail)
    with pytest.raises(AccountFailedError, match="did not start"):
        environment.account(tmp_path)
