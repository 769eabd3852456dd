"""What a run is configured with: the stack's settings over what Pulumi.yaml declares, checked against its types.

Source: pulumi/pulumi, pkg/workspace/config.go (mergeConfig, validateStackConfigValue).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.command.errors import ConfigurationError
from rehearsal.command.project import fits
from rehearsal.command.stack_settings import Shown, is_secret, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.command.project import Project
    from rehearsal.command.stack_settings import StackSettings
    from rehearsal.state.crypter import Crypter


@dataclass(frozen=True)
class Configuration:
    """The settings of a run by full key, still encrypted where they are secret."""

    values: dict[str, Any]

    def texts(self, crypter: Callable[[], Crypter]) -> dict[str, str]:
        """What the program gets: full key to plain text."""
        return {key: shown(value, crypter).text for key, value in self.values.items()}

    def secret_keys(self) -> frozenset[str]:
        """The keys whose values are secret."""
        return frozenset(key for key, value in self.values.items() if is_secret(value))

    def shown(self, crypter: Callable[[], Crypter] | None) -> dict[str, Shown]:
        """All settings for display, by full key in order; without a crypter secrets are `[secret]`."""
        return {key: shown(self.values[key], crypter) for key in sorted(self.values)}

    def blinded(self) -> dict[str, str]:
        """All settings as text for the event log: secrets as `[secret]`."""
        return {key: one.text for key, one in self.shown(None).items()}


def merged(project: Project, settings: StackSettings) -> Configuration:
    """The stack's settings, and the project's value for each that the stack doesn't set."""
    values = dict(settings.values)
    for key, declared in project.declared.items():
        if key not in values and declared.fallback is not None:
            values[key] = declared.fallback
    return Configuration(values)


def check(project: Project, settings: StackSettings, stack: str, crypter: Callable[[], Crypter]) -> list[str]:
    """Check a stack's settings against what Pulumi.yaml declares; the result are warnings.

    Raises ConfigurationError when one is missing, has another type than declared, or is secret and not encrypted: the
    message names the key, what it is, and what it may be.
    """
    missing = sorted(d.key for d in project.declared.values() if d.required and d.key not in settings.values)
    if missing:
        raise ConfigurationError(_missing(project, stack, missing, settings))
    for key, value in settings.values.items():
        declared = project.declared.get(key)
        if not declared:
            continue
        if declared.secret and not is_secret(value):
            raise ConfigurationError(
                f"stack {stack!r}: {key} is declared secret and stands in clear in {settings.path}. "
                f"Set it with `config set --secret {key}`."
            )
        one = shown(value, crypter)
        if declared.type and not fits(declared.type, one.text if one.plain else one.structure):
            what = "its value" if is_secret(value) else repr(one.text)
            raise ConfigurationError(
                f"stack {stack!r}: {key} must be of type {declared.type}, and {what} in {settings.path} isn't"
                f"{f' ({declared.description})' if declared.description else ''}."
            )
    return _undeclared(project, settings)


def _missing(project: Project, stack: str, missing: list[str], settings: StackSettings) -> str:
    lines = [f"stack {stack!r} is missing configuration value{'s' if len(missing) > 1 else ''}:"]
    for key in missing:
        declared = project.declared[key]
        of = f" ({declared.type or 'any type'}{': ' + declared.description if declared.description else ''})"
        lines.append(f"  {key}{of}: `config set {key.removeprefix(project.name + ':')} VALUE`")
    lines.append(f"They belong in {settings.path}.")
    return "\n".join(lines)


def _undeclared(project: Project, settings: StackSettings) -> list[str]:
    """Keys of the project that it doesn't declare, though it declares some: likely misspelt. Pulumi lets them pass."""
    own = f"{project.name}:"
    known = [key.removeprefix(own) for key in project.declared if key.startswith(own)]
    warnings = []
    for key in settings.values:
        name = key.removeprefix(own)
        if known and key.startswith(own) and name not in known:
            import difflib  # only for a mistake

            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" It declares {', '.join(sorted(known))}."
            warnings.append(f"{settings.path} sets {key}, which Pulumi.yaml doesn't declare.{hint}")
    return warnings
