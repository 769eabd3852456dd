"""What providers answer: opinions of changes, errors with their details, values that lost their secrecy on the way."""

from __future__ import annotations

from typing import Any

import grpc
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2

from rehearsal.errors import PartialFailure, ProviderError, StateError
from rehearsal.goal import Diff
from rehearsal.values import Properties, Secret, contains_secrets
from rehearsal.values.wire import Keep, from_struct
from rehearsal.wire.channel import details

_UNSURE = (grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNKNOWN)
_KINDS = ("add", "add-replace", "delete", "delete-replace", "update", "update-replace")
_CHANGES = {provider_pb2.DiffResponse.DIFF_NONE: "none", provider_pb2.DiffResponse.DIFF_SOME: "some"}


class DiffUnavailable(ProviderError):  # noqa: N818
    """The provider can't compare yet, because its own configuration isn't known before the update."""


def error_of(e: grpc.RpcError, package: str, urn: str | None) -> ProviderError:
    """What went wrong in a call: a partial failure, missing configuration, or whatever the provider said."""
    for key, value in e.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for packed in status_pb2.Status.FromString(value).details:
            failed = provider_pb2.ErrorResourceInitFailed()
            if packed.Unpack(failed):
                reasons = list(failed.reasons) or [details(e)]
                count = "1 error" if len(reasons) == 1 else f"{len(reasons)} errors"
                message = f"{count} occurred:\n" + "".join(f"\t* {r}\n" for r in reasons)
                inputs = from_struct(failed.inputs) if failed.HasField("inputs") else None
                return PartialFailure(message, id_=failed.id, outputs=from_struct(failed.properties),
                                      inputs=inputs, reasons=reasons)  # fmt: skip
            missing = provider_pb2.ConfigureErrorMissingKeys()
            if packed.Unpack(missing):
                wanted = ", ".join(f"{k.name} ({k.description})" for k in missing.missingKeys)
                return ProviderError(f"provider {package} lacks configuration: {wanted}", urn=urn)
    if e.code() == grpc.StatusCode.UNAVAILABLE:
        return ProviderError(
            f"provider {package} is gone: its process ended while it was asked ({details(e)}). "
            "Whether it did what it was asked isn't known, and what it may have made isn't in the state: look for it "
            "where the provider works, then refresh",
            urn=urn, unknown=True,
        )  # fmt: skip
    return ProviderError(details(e), urn=urn, unknown=e.code() in _UNSURE)


def understood(message: Any, keep: Keep, package: str, urn: str | None) -> Properties:
    """The properties of an answer. Raises ProviderError for what can't be read."""
    try:
        return from_struct(message, keep)
    except (StateError, KeyError) as e:
        why = e.message if isinstance(e, StateError) else f"a special value lacks {e}"
        raise ProviderError(f"provider {package} answered what can't be understood: {why}", urn=urn) from e


def diff_of(response: provider_pb2.DiffResponse) -> Diff:
    """A provider's opinion of a change. Raises ProviderError for one that makes no sense."""
    if any(d.kind >= len(_KINDS) for d in response.detailedDiff.values()):
        raise ProviderError("the provider answered a kind of difference that there isn't")
    detailed = {k: (_KINDS[d.kind], d.inputDiff) for k, d in response.detailedDiff.items()}
    return Diff(
        _CHANGES.get(response.changes, "unknown"), list(response.replaces), list(response.diffs),
        detailed if response.hasDetailedDiff else None, response.deleteBeforeReplace,
    )  # fmt: skip


def remember_secrets(values: Any, like: Any) -> Any:
    """Mark as secret again what was secret under the same key before a provider without secrets saw it."""
    if isinstance(like, Secret):
        return values if isinstance(values, Secret) else Secret(values)
    if isinstance(values, dict) and isinstance(like, dict):
        return {k: remember_secrets(v, like[k]) if k in like else v for k, v in values.items()}
    if isinstance(like, list) and contains_secrets(like):
        return Secret(values)
    return values
