"""What the credentials provider tells opens a real registry, with basic and with token authentication."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from components.credentials_provider import SECRET, handler
from pipeline.registry.errors import CredentialsError
from pipeline.registry.trust import Credentials

if TYPE_CHECKING:
    from oci_images import Image
    from real_registry import RealRegistry


def told(monkeypatch: pytest.MonkeyPatch, username: str, password: str) -> Credentials:
    """The function's answer for a secret that holds these."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.client("secretsmanager").create_secret(
            Name="registry", SecretString=json.dumps({"username": username, "password": password})
        )
        monkeypatch.setenv(SECRET, made["ARN"])
        answer = handler({}, None)["Credentials"]
    return Credentials(answer["Username"], answer["Password"])


@pytest.mark.parametrize("registry", ["basic", "bearer"], indirect=True)
def test_the_function_s_answer_opens_the_registry(
    registry: RealRegistry, pushed: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Basic: they log in. Bearer: they go to the token server, whose token does."""
    found = registry.asked(told(monkeypatch, *registry.user)).manifest("team/model", "1")

    assert found.digest == pushed.digest
    if registry.tokens:
        assert registry.tokens.asked[-1]["scope"] == "repository:team/model:pull"


@pytest.mark.parametrize("registry", ["basic", "bearer"], indirect=True)
def test_another_answer_does_not(registry: RealRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError):
        registry.asked(told(monkeypatch, registry.user[0], "another")).manifest("team/model", "1")
