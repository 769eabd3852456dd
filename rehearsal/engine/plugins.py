"""Where provider plug-ins come from, and starting them early."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from rehearsal.errors import ProviderError
from rehearsal.wire.plugin import Plugin, Say, start
from rehearsal.wire.program import interpreter, place
from rehearsal.wire.provider import ProviderClient

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.engine import Project

EMBEDDED = {"aws": [sys.executable, "-m", "rehearsal.provider"]}
"""Packages whose plug-in the rehearsal brings along; PULUMI_DEBUG_PROVIDERS and Pulumi.yaml come first."""


class Plugins:
    """Starts provider plug-ins of one run. One process serves one provider resource."""

    def __init__(
        self, project: Project, environment: dict[str, str], config: dict[str, str], engine_address: str, say: Say
    ) -> None:
        self._project = project
        self._environment = environment
        self._config = config
        self._address = engine_address
        self._say = say
        self._early: dict[str, Future[ProviderClient]] = {}
        self._lock = threading.Lock()
        self._started: list[ProviderClient] = []
        self._directory = self._working_directory()

    def _working_directory(self) -> Path:
        return place(self._project.directory, self._project.main)[0]

    def early(self, packages: set[str]) -> None:
        """Start plug-ins that will be needed while there is time; whatever goes wrong shows when they are taken."""
        for package in packages - {"pulumi"}:
            future: Future[ProviderClient] = Future()
            self._early[package] = future
            threading.Thread(target=_settle, args=(future, self._start, package), daemon=True).start()

    def take(self, package: str) -> ProviderClient:
        """A plug-in of its own for a provider resource. Raises ProviderError when there is none or it doesn't start."""
        with self._lock:
            early = self._early.pop(package, None)
        return early.result() if early is not None else self._start(package)

    def _start(self, package: str) -> ProviderClient:
        client = ProviderClient(package, self._plugin(package), self._address, str(self._directory))
        with self._lock:
            self._started.append(client)
        return client

    def _plugin(self, package: str) -> Plugin:
        port = self._attached().get(package)
        if port is not None:
            return Plugin(port, None)
        environment = {**self._environment, "PULUMI_PROJECT": self._project.name}
        environment["PULUMI_CONFIG"] = json.dumps(
            {k: v for k, v in self._config.items() if k.startswith(f"{package}:")}
        )
        command = [*self._command(package), self._address]
        return start(command, self._directory, environment, ProviderError, self._say)

    def _attached(self) -> dict[str, int]:
        pairs = (p.partition(":") for p in self._environment.get("PULUMI_DEBUG_PROVIDERS", "").split(",") if p)
        found: dict[str, int] = {}
        for name, _, port in pairs:
            if not port.isdigit():
                raise ProviderError(f"PULUMI_DEBUG_PROVIDERS gives {name!r} no port: write it as <package>:<port>")
            found[name] = int(port)
        return found

    def _command(self, package: str) -> list[str]:
        executable = f"pulumi-resource-{package}"
        if package in self._project.plugins:
            path = self._project.directory / self._project.plugins[package]
            if (path / executable).is_file():
                return [str(path / executable)]
            raise ProviderError(
                f"Pulumi.yaml says that provider {package} lies in {path}, but there is no {executable}"
            )
        if package in EMBEDDED:
            return EMBEDDED[package]
        if package == "pulumi-python":
            python, _ = interpreter(self._project.directory, self._project.options, self._environment)
            return [python, "-u", "-m", "pulumi.dynamic"]
        found = shutil.which(executable, path=self._environment.get("PATH", os.defpath))
        if found:
            return [found]
        raise ProviderError(
            f"no plug-in for provider {package}: the rehearsal brings {', '.join(EMBEDDED)}; for others put "
            f"{executable} on PATH or name its directory under plugins.providers in Pulumi.yaml"
        )

    def cancel(self) -> None:
        """Ask all providers to give up what they are doing."""
        for client in list(self._started):
            try:
                client.cancel()
            except ProviderError as e:
                self._say("warning", f"provider {client.package} refused to give up: {e.message}")

    def close(self) -> None:
        """End all plug-ins."""
        for future in self._early.values():
            if future.exception() is None:
                future.result()
        enders = [threading.Thread(target=client.close) for client in self._started]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()


def _settle(future: Future[ProviderClient], make: object, package: str) -> None:
    try:
        future.set_result(make(package))  # type: ignore[operator]
    except BaseException as e:  # noqa: BLE001  # whoever takes the plug-in gets it
        future.set_exception(e)
