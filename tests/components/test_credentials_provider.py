"""The credentials provider, run as Lambda runs it: the handler, an account's Secrets Manager, what it answers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components import credentials_provider
from components.credentials_provider import SECRET, handler

PASSWORD = 'hunter2"\\'


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keep a value as the secret that the function's variables name."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    def keep(**value: Any) -> str:
        arn = boto3.client("secretsmanager").create_secret(Name="registry", **value)["ARN"]
        monkeypatch.setenv(SECRET, arn)
        return str(arn)

    with mock_aws():
        yield keep


def test_the_answer_has_the_documented_form(secret: Any) -> None:
    secret(SecretString=json.dumps({"username": "robot", "password": PASSWORD}))

    assert handler({}, None) == {"Credentials": {"Username": "robot", "Password": PASSWORD}}


def test_a_rotated_password_is_told_at_the_next_call(secret: Any) -> None:
    arn = secret(SecretString=json.dumps({"username": "robot", "password": "old"}))
    handler({}, None)
    boto3.client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString=json.dumps({"username": "robot", "password": "new"})
    )

    assert handler({}, None)["Credentials"]["Password"] == "new"


@pytest.mark.parametrize(
    "value",
    [
        {"SecretString": "hunter2"},
        {"SecretString": json.dumps(["robot", "hunter2"])},
        {"SecretString": json.dumps({"user": "robot", "password": "hunter2"})},
        {"SecretString": json.dumps({"username": "", "password": "hunter2"})},
        {"SecretString": json.dumps({"username": "robot", "password": ["hunter2"]})},
        {"SecretBinary": b"hunter2"},
    ],
)
def test_a_secret_of_another_form_is_told_without_its_value(secret: Any, value: dict[str, Any]) -> None:
    arn = secret(**value)
    with pytest.raises(ValueError, match="must hold a JSON object") as caught:
        handler({}, None)

    assert arn in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_secret_that_is_gone_is_told(secret: Any) -> None:
    arn = secret(SecretString="{}")
    boto3.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    with pytest.raises(RuntimeError, match=r"GetSecretValue of .* answered ResourceNotFoundException"):
        handler({}, None)


def test_it_needs_only_what_the_runtime_brings() -> None:
    """The archive holds this one file, so nothing of the repository may be imported."""
    source = Path(credentials_provider.__file__).read_text()
    code = (
        "import sys, importlib.abc\n"
        "class No(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('components', 'pulumi', 'pulumi_aws', 'pydantic', 'knowledge'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        f"exec(compile({source!r}, 'credentials_provider.py', 'exec'), {{'__name__': 'credentials_provider'}})\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
