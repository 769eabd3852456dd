"""The registry of a stack: what its settings say of it, and where its credentials are found from here."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from components.credentials_provider import credentials_in
from components.registry_settings import CREDENTIALS, RegistrySettings
from findings import exit_codes
from pipeline.engine import is_rehearsal
from pipeline.errors import PipelineError
from pipeline.registry import trust
from pipeline.registry.trust import Credentials, TrustStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.stack_file import StackFile

USERNAME, PASSWORD = "HOLDFAST_REGISTRY_USERNAME", "HOLDFAST_REGISTRY_PASSWORD"
TRUST_STORE = "rehearsal:trustStore"
"""Stack configuration of a rehearsal: the authorities (PEM file) that its emulated SageMaker takes for public ones."""


def settings_of(file: StackFile) -> RegistrySettings | None:
    """
    What the stack's file sets as `registry`.

    Raises:
        PipelineError: it can't be used.

    """
    given = file.setting("registry")
    if isinstance(given, str):
        try:
            given = json.loads(given or "null")
        except ValueError as error:
            raise PipelineError(f"{file.path.name}: registry is to be a map, and isn't one: {error}") from error
    if not given:
        return None
    try:
        return RegistrySettings.model_validate(given)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, ("registry", *each["loc"]))) for each in error.errors())
        raise PipelineError(
            f"{file.path.name} can't be used: {wrong}. docs/private-registry.md says what registry may hold; "
            "`holdfast preview` says it of each setting."
        ) from None


def trust_store(file: StackFile, named: Path | None) -> TrustStore:
    """
    The authorities that are believed: those that the user names, else a rehearsal's own, else the public ones.

    Only a rehearsal's own count as public in its place: what a user names, SageMaker doesn't know.
    """
    if named is not None:
        return trust.given(named)
    if is_rehearsal(file.stack) and (own := file.config().get(TRUST_STORE)):
        return trust.given((file.path.parent / str(own)).resolve(), public=True)
    return trust.public()


def credentials(
    file: StackFile, settings: RegistrySettings | None, client: Callable[..., Any], decrypted: Callable[[str], str]
) -> Credentials | None:
    """
    User name and password: of the environment, else of the secret in AWS Secrets Manager, else of the stack's settings.

    Args:
        file: the stack's settings.
        settings: its `registry`.
        client: gives a boto3 client by service.
        decrypted: gives a secret setting of the stack in clear, by name.

    Raises:
        PipelineError: they are to be somewhere, and can't be had from there.

    """
    if os.environ.get(USERNAME) and os.environ.get(PASSWORD):
        return Credentials(os.environ[USERNAME], os.environ[PASSWORD])
    if settings is None or settings.authentication == "none":
        return None
    if settings.secret:
        return _of_secret(settings.secret, client)
    if file.setting(CREDENTIALS) is None:
        raise PipelineError(
            f"{file.path.name} sets registry.authentication to {settings.authentication}, and neither registry.secret "
            f"nor {CREDENTIALS}. Set one, or {USERNAME} and {PASSWORD} in the environment."
        )
    return _in(decrypted(CREDENTIALS), f"setting {CREDENTIALS} of {file.path.name}")


def _of_secret(arn: str, client: Callable[..., Any]) -> Credentials:
    from botocore.exceptions import BotoCoreError, ClientError

    call = f"secretsmanager:GetSecretValue of {arn}"
    try:
        answer = client("secretsmanager", region=arn.split(":")[3]).get_secret_value(SecretId=arn)
    except ClientError as error:
        details = error.response.get("Error", {})
        raise PipelineError(
            f"{call} answered {details.get('Code')}: {details.get('Message')} Give this identity the right, or set "
            f"{USERNAME} and {PASSWORD} in the environment.",
            exit_codes.UNKNOWN,
        ) from None
    except BotoCoreError as error:
        raise PipelineError(
            f"{call} got no answer: {type(error).__name__}. Sign in, or try later.", exit_codes.UNKNOWN
        ) from None
    return _in(answer.get("SecretString"), arn)


def _in(text: str | None, where: str) -> Credentials:
    try:
        found = credentials_in(text, where)
    except ValueError as error:
        raise PipelineError(str(error)) from None
    return Credentials(found["Username"], found["Password"])
