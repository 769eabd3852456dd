"""The provider's own configuration: region, accounts that are allowed, default and ignored tags."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from rehearsal.provider.refusals import Misconfigured

if TYPE_CHECKING:
    from rehearsal.values import Properties

IGNORED_CONFIG = [
    "accessKey",
    "secretKey",
    "token",
    "profile",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "maxRetries",
    "retryMode",
    "s3UsePathStyle",
]
"""Keys of the provider's configuration that are accepted and mean nothing to an emulated account."""
KNOWN_CONFIG = {
    "region",
    "allowedAccountIds",
    "forbiddenAccountIds",
    "defaultTags",
    "ignoreTags",
    "version",
    "endpoints",
}


class Configuration:
    """What the provider was configured with.

    Args:
        values: the provider's inputs; structured ones may be JSON texts.

    Raises:
        Misconfigured: a key that isn't understood, or no region.

    """

    def __init__(self, values: Properties) -> None:
        given = {name: parsed(value) for name, value in values.items() if not name.startswith("__")}
        unknown = sorted(set(given) - KNOWN_CONFIG - set(IGNORED_CONFIG))
        if unknown:
            raise Misconfigured(
                f"the rehearsal's provider doesn't know the configuration aws:{unknown[0]}; "
                f"it honours {', '.join(sorted(KNOWN_CONFIG))} and ignores {', '.join(sorted(IGNORED_CONFIG))}",
            )
        if given.get("endpoints"):
            raise Misconfigured(
                "aws:endpoints can't be set in a rehearsal: AWS_ENDPOINT_URL alone says where the account is"
            )
        self.region = str(
            given.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
        )
        self.allowed = [str(i) for i in given.get("allowedAccountIds") or []]
        self.forbidden = [str(i) for i in given.get("forbiddenAccountIds") or []]
        tags = (given.get("defaultTags") or {}).get("tags") or {}
        self.default_tags: dict[str, str] = {str(k): str(v) for k, v in tags.items()}
        ignored = given.get("ignoreTags") or {}
        self.ignored_keys = [str(k) for k in ignored.get("keys") or []]
        self.ignored_prefixes = [str(k) for k in ignored.get("keyPrefixes") or []]


def parsed(value: Any) -> Any:
    """A configuration value that may be JSON in a text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
