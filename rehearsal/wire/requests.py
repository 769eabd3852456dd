"""From the messages of a registration to the goal the engine plans from."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from pulumi.runtime.proto import alias_pb2, callback_pb2, resource_pb2

from rehearsal.errors import ProgramError
from rehearsal.goal import HOOK_KINDS, Alias
from rehearsal.values import UNKNOWN, OutputValue, Properties, Secret
from rehearsal.values.wire import EVERYTHING, from_struct, to_struct

if TYPE_CHECKING:
    from rehearsal.wire.callbacks import Callbacks

Options = resource_pb2.TransformResourceOptions
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)")


def seconds(text: str) -> float:
    """Seconds of a duration such as `1h30m` or `45s`. Raises ProgramError for other text."""
    found = _DURATION.findall(text)
    if not found or "".join(n + u for n, u in found) != text:
        raise ProgramError(f"{text!r} isn't a time-out: write it as 90s, 20m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in found)


def timeouts(message: Any) -> dict[str, float]:
    """Custom time-outs in seconds; those not given are left out."""
    given = {k: getattr(message, k) for k in ("create", "update", "delete", "read")}
    return {k: seconds(v) for k, v in given.items() if v}


def alias(message: alias_pb2.Alias) -> Alias:
    """One alias."""
    if message.WhichOneof("alias") == "urn":
        return Alias(urn=message.urn)
    spec = message.spec
    return Alias("", spec.name, spec.type, spec.stack, spec.project, spec.parentUrn, spec.noParent)


def hooks(message: Any) -> dict[str, list[str]]:
    """Names of the hooks, by the kind's name in state."""
    named = ((kind, list(getattr(message, wire))) for kind, wire in HOOK_KINDS.items())
    return {kind: names for kind, names in named if names}


def options_of(request: resource_pb2.RegisterResourceRequest, provider: str) -> Options:
    """The options of a registration, as transforms get them."""
    options = Options(
        depends_on=request.dependencies, ignore_changes=request.ignoreChanges, version=request.version,
        replace_on_changes=request.replaceOnChanges, provider=provider, plugin_download_url=request.pluginDownloadURL,
        deleted_with=request.deletedWith, additional_secret_outputs=request.additionalSecretOutputs,
        providers=request.providers, hide_diff=request.hideDiffs, replace_with=request.replace_with,
    )  # fmt: skip
    setattr(options, "import", request.importId)
    options.aliases.extend(alias_pb2.Alias(urn=u) for u in request.aliasURNs)
    options.aliases.extend(request.aliases)
    if request.HasField("protect"):
        options.protect = request.protect
    if request.HasField("retainOnDelete"):
        options.retain_on_delete = request.retainOnDelete
    if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace:
        options.delete_before_replace = request.deleteBeforeReplace
    if request.HasField("customTimeouts"):
        options.custom_timeouts.CopyFrom(request.customTimeouts)
    if request.HasField("hooks"):
        options.hooks.CopyFrom(request.hooks)
    if request.HasField("replacement_trigger"):
        options.replacement_trigger.CopyFrom(request.replacement_trigger)
    return options


def run_transform(
    callbacks: Callbacks, callback: callback_pb2.Callback, request: Any, properties: Properties, options: Options
) -> tuple[Properties, Options]:
    """Let one function of the program change a registration; what it leaves out stays as it was."""
    message = resource_pb2.TransformRequest(
        type=request.type, name=request.name, custom=request.custom, parent=request.parent,
        properties=to_struct(properties, EVERYTHING), options=options,
    )  # fmt: skip
    response = callbacks.invoke(callback, message, resource_pb2.TransformResponse)
    changed = from_struct(response.properties, EVERYTHING) if response.HasField("properties") else properties
    return changed, response.options if response.HasField("options") else options


def upgraded(properties: Properties, dependencies: dict[str, list[str]]) -> Properties:
    """Properties as output values that carry the dependencies known for each."""
    made: Properties = {}
    for key, value in properties.items():
        urns = tuple(dependencies.get(key, ()))
        if not urns:
            made[key] = value
        elif isinstance(value, OutputValue):
            made[key] = OutputValue(value.value, value.secret, tuple(dict.fromkeys((*value.dependencies, *urns))))
        elif isinstance(value, Secret):
            made[key] = OutputValue(value.value, secret=True, dependencies=urns)
        else:
            made[key] = OutputValue(value, dependencies=urns)
    return made


def output_dependencies(value: Any) -> list[str]:
    """All URNs that the output values within a value depend on."""
    if isinstance(value, dict):
        return [u for v in value.values() for u in output_dependencies(v)]
    if isinstance(value, list):
        return [u for v in value for u in output_dependencies(v)]
    if isinstance(value, OutputValue):
        return [*value.dependencies, *output_dependencies(value.value)]
    return output_dependencies(value.value) if isinstance(value, Secret) else []


def downgraded(value: Any) -> Any:
    """Values without output values: their dependencies are known elsewhere, providers and state take plain ones."""
    if isinstance(value, dict):
        return {k: downgraded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [downgraded(v) for v in value]
    if isinstance(value, Secret):
        return Secret(downgraded(value.value))
    if isinstance(value, OutputValue):
        inner = UNKNOWN if value.value is UNKNOWN else downgraded(value.value)
        return Secret(inner) if value.secret else inner
    return value


def source_position(message: Any, root: Path) -> str:
    """`project:///file#line,column` of a position below the project's root, however far up."""
    if not message.uri.startswith("file://"):
        return ""
    column = f",{message.column}" if message.column else ""
    return f"{_project_uri(message.uri, root)}#{message.line}{column}"


@lru_cache(maxsize=4096)
def _project_uri(uri: str, root: Path) -> str:
    relative = os.path.relpath(unquote(urlsplit(uri).path), root)
    return f"project:///{quote(Path(relative).as_posix())}"


def stack_trace(message: Any, root: Path) -> list[str]:
    """The positions of a stack trace, innermost first."""
    return [source_position(frame.pc, root) for frame in message.frames]
