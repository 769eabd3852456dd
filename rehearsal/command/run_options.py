"""The options of a run: which make no sense, which settings they change, what they ask of the display."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.command.config_commands import put
from rehearsal.command.errors import CommandError, UsageError
from rehearsal.command.text import colourful

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation
    from rehearsal.command.display import Wishes
    from rehearsal.command.workspace import CurrentStack


def check(invocation: Invocation) -> None:
    """Refuse combinations that make no sense, and what a command without a person can't ask for."""
    packs, configs = invocation.get("policy-pack", []), invocation.get("policy-pack-config", [])
    if len(configs) > len(packs):
        raise UsageError(
            "each --policy-pack-config belongs to the --policy-pack at the same place: there are more of them"
        )
    for pack in packs:
        if not (Path(pack) / "PulumiPolicy.yaml").is_file():
            raise CommandError(f"--policy-pack {pack}: there is no PulumiPolicy.yaml in that folder")
    for config in configs:
        if not Path(config).is_file():
            raise CommandError(f"--policy-pack-config {config}: there is no such file")
    if invocation.get("secrets-provider") not in (None, "default", "passphrase"):
        raise CommandError(
            f"the rehearsal has no secrets provider {invocation.get('secrets-provider')!r}, only passphrase"
        )
    for one, other in (("target", "exclude"), ("target", "exclude-protected"), ("skip-preview", "preview-only")):
        if invocation.get(one) and invocation.get(other):
            raise UsageError(f"--{one} and --{other} cannot be used together")
    if invocation.get("parallel", 1) < 1:
        raise UsageError("--parallel takes a number from 1")


def set_config(invocation: Invocation, stack: CurrentStack) -> None:
    """Put the settings of --config into the stack's file."""
    pairs = invocation.get("config", [])
    if not pairs:
        return
    edit = stack.settings.edit()
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--config takes key=value, not {pair!r}")
        put(stack, edit, key, value, as_path=invocation.given("config-path"))
    edit.save()


def wishes(invocation: Invocation) -> Wishes:
    """What the display is to show."""
    from rehearsal.command.display import Wishes

    return Wishes(
        colour=colourful(invocation.get("color"), sys.stdout),
        diff=invocation.given("diff"),
        sames=invocation.given("show-sames"),
        reads=invocation.given("show-reads"),
        full=invocation.given("show-full-output"),
        urns=invocation.given("urns"),
        outputs=not invocation.given("suppress-outputs"),
        progress=not invocation.given("suppress-progress"),
        remediations=invocation.given("show-policy-remediations"),
        debug=invocation.given("debug"),
        config=invocation.given("show-config"),
    )
