"""The environment of a rehearsal: the emulated account for everybody in it, and nothing of the user's AWS.

`prepare` returns what program, provider plug-ins and every boto3 client get, and makes this process forget the user's
AWS credentials, profiles and sign-on settings: a client which ignored the endpoint couldn't reach an account of theirs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.errors import RehearsalError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PASSPHRASE = "rehearsal"  # noqa: S105  # what it locks holds nothing of anybody's
DEFAULT_ACCOUNT = "111122223333"
DEFAULT_REGION = "us-east-1"

# Everything by which an AWS SDK finds credentials or an endpoint of its own.
# Source: https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
FORGOTTEN = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SSO_SESSION",
    "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
SERVICE_ENDPOINT = re.compile(r"AWS_ENDPOINT_URL_\w+")
PACKAGE = re.compile(r"^\s*pulumi[-_]aws\b", re.IGNORECASE | re.MULTILINE)


class EnvironmentRefusedError(RehearsalError):
    """Raised when the surroundings would let a rehearsal out of this machine."""

    fault = "user"


class AccountFailedError(RehearsalError):
    """Raised when the emulated account can't be started, or refuses what was asked of it."""


def home(project_dir: Path) -> Path:
    """Where a project's rehearsals lie: REHEARSAL_HOME, by default `.rehearsal` beside Pulumi.yaml."""
    named = os.environ.get("REHEARSAL_HOME")
    return Path(named).expanduser().resolve() if named else Path(project_dir).resolve() / ".rehearsal"


def prepare(project_dir: Path | str, stack: str) -> dict[str, str]:
    """Start the emulated account, or find it running, and return the variables that lead everybody to it.

    What this process inherited of the user's AWS settings is removed from `os.environ`: give children
    `{**os.environ, **prepare(...)}`.

    Args:
        project_dir: the folder of Pulumi.yaml.
        stack: the stack's name; children find it as REHEARSAL_STACK.

    Raises:
        EnvironmentRefusedError: an endpoint that isn't on this machine was named.

    """
    variables = settings(os.environ.get("AWS_ENDPOINT_URL") or account(Path(project_dir)).url)
    for name in FORGOTTEN:
        os.environ.pop(name, None)
    return {**variables, "REHEARSAL_STACK": stack}


def settings(url: str) -> dict[str, str]:
    """The variables for an account at `url`. Raises EnvironmentRefusedError unless that is on this machine."""
    refuse_elsewhere("AWS_ENDPOINT_URL", url)
    for name, value in os.environ.items():
        if SERVICE_ENDPOINT.fullmatch(name) and value:
            refuse_elsewhere(name, value)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL0000000",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PULUMI_CONFIG_PASSPHRASE": passphrase(),
    }


def account(project_dir: Path) -> Any:
    """The project's emulated account, running. Raises AccountFailedError when it can't be started."""
    from rehearsal.account import AccountError, ensure  # only where a program needs AWS

    try:
        return ensure(account_id(), home(project_dir))
    except AccountError as error:
        raise AccountFailedError(str(error)) from error


def arm_faults(project_dir: Path) -> None:
    """Arm the faults that REHEARSAL_FAULT names. Raises AccountFailedError for one the account doesn't know."""
    from rehearsal.account import AccountError

    for fault in faults():
        try:
            account(project_dir).arm(fault)
        except AccountError as error:
            raise AccountFailedError(f"REHEARSAL_FAULT: {error}") from error


def account_id() -> str:
    """REHEARSAL_ACCOUNT, or the default one. Raises EnvironmentRefusedError for what can't be an account id."""
    named = os.environ.get("REHEARSAL_ACCOUNT", DEFAULT_ACCOUNT)
    if not re.fullmatch(r"[0-9]{12}", named):
        raise EnvironmentRefusedError(f"REHEARSAL_ACCOUNT={named!r} isn't an account id: one has twelve digits.")
    return named


def refuse_elsewhere(name: str, url: str) -> None:
    """Raise EnvironmentRefusedError unless `url` is an address of this machine."""
    from urllib.parse import urlsplit  # not on the way of every command

    host = urlsplit(url).hostname or ""
    if host == "localhost" or _loopback(host):
        return
    raise EnvironmentRefusedError(
        f"{name}={url!r} isn't on this machine, and a rehearsal touches nothing else. Unset it for rehearsals."
    )


def _loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def passphrase() -> str:
    """The user's passphrase where one is set, by variable or file; otherwise that of rehearsals."""
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return os.environ["PULUMI_CONFIG_PASSPHRASE"]
    file = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        return DEFAULT_PASSPHRASE
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EnvironmentRefusedError(f"PULUMI_CONFIG_PASSPHRASE_FILE={file} can't be read: {error.strerror}") from None


def needs_account(project_dir: Path, config_keys: Iterable[str], used_types: Iterable[str]) -> bool:
    """Whether a project could need AWS: it requires pulumi_aws, or its settings or its state name `aws:`."""
    if any(key.startswith("aws:") for key in config_keys):
        return True
    if any(type_.startswith(("aws:", "pulumi:providers:aws")) for type_ in used_types):
        return True
    for name in ("requirements.txt", "pyproject.toml"):
        file = project_dir / name
        if file.is_file() and _names_package(file):
            return True
    return False


def _names_package(file: Path) -> bool:
    text = file.read_text(encoding="utf-8", errors="replace")
    return bool(PACKAGE.search(text) or re.search(r"[\"']pulumi[-_]aws\b", text, re.IGNORECASE))


def faults() -> list[str]:
    """The faults that REHEARSAL_FAULT names, in order."""
    return [name.strip() for name in os.environ.get("REHEARSAL_FAULT", "").split(",") if name.strip()]
