"""What the provider answers: differences in detail, and errors with the codes that the engine understands."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2

from rehearsal.provider import properties
from rehearsal.provider.refusals import InitFailed, ProviderRefusal

if TYPE_CHECKING:
    from collections.abc import Callable


def differing(found: Any) -> Any:
    """The answer to Diff."""
    kinds = provider_pb2.PropertyDiff
    values = {
        ("add", False): kinds.ADD,
        ("add", True): kinds.ADD_REPLACE,
        ("delete", False): kinds.DELETE,
        ("delete", True): kinds.DELETE_REPLACE,
        ("update", False): kinds.UPDATE,
        ("update", True): kinds.UPDATE_REPLACE,
    }
    detailed = {c.path: kinds(kind=values[c.kind, c.replaces]) for c in found.changes}
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found.changes else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=found.properties,
        replaces=found.replaces,
        deleteBeforeReplace=found.delete_before_replace,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def answered(context: Any, what: str, act: Callable[[], Any]) -> Any:
    """Do it, and turn what goes wrong into an answer that says what was asked and whose fault it was."""
    try:
        return act()
    except InitFailed as error:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.id,
            properties=properties.write(error.properties),
            reasons=[str(error)],
            inputs=properties.write(error.inputs),
        )
        packed = any_pb2.Any()
        packed.Pack(detail)
        message = f"{what}: {error}"
        status = status_pb2.Status(code=error.code.value[0], message=message, details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(error.code, message)
    except ProviderRefusal as error:
        context.abort(error.code, f"{what}: {error}")
    except Exception as error:  # noqa: BLE001  # whatever it is, the engine must hear of it in words
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}:{where.lineno}"
        context.abort(
            grpc.StatusCode.INTERNAL,
            f"{what}: a defect of the rehearsal's provider ({type(error).__name__} at {place}: {error}). "
            "What became of the resource isn't known; a refresh tells.",
        )
