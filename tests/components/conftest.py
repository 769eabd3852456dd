"""`recorder` and the files that the components' tests begin with."""

import json
from pathlib import Path

import pytest
from recording import Recorder

from components.account import Account


@pytest.fixture
def recorder() -> Recorder:
    """A fresh one, which knows no look-up."""
    return Recorder()


@pytest.fixture
def account() -> Account:
    """Somewhere to deploy to."""
    return Account(partition="aws", region="eu-central-1", id="111122223333")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A file that looks like a model.tar.gz."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00 anything")
    return path


@pytest.fixture
def permissions(tmp_path: Path) -> Path:
    """A policy document of a user's own."""
    path = tmp_path / "permissions.json"
    path.write_text(
        json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
        )
    )
    return path
