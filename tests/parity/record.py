#!/usr/bin/env python3
"""Record what the engine does with the parity cases: whichever `pulumi` is first on PATH.

    record.py [CASES.json [OUTDIR [CASE...]]]

One transcript a case: for each stage the exit status, the steps in the order in which they begin, what the provider and
the hooks were called for (in order), policy results, errors, change counts, stack outputs, and the state left behind.
Runs with --parallel 1. What differs from run to run (times, ids of providers, ciphertexts) is masked.

With the Pulumi CLI this needs its Python language host too, and this interpreter with pulumi and pulumi-policy.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "shared"))
from finished_process import finished  # noqa: E402

URN = re.compile(r"^urn:pulumi:[^:]+::[^:]+::(.+)::([^:]*)$")
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
STACK = "pulumi:pulumi:Stack"
TRACE_TAIL = 120

PLAIN = (
    "delete",
    "protect",
    "retainOnDelete",
    "external",
    "pendingReplacement",
    "ignoreChanges",
    "replaceOnChanges",
    "initErrors",
)


def short(urn: str) -> str:
    """`type::name` of a URN; the types of the parents stay in front, joined by `$`."""
    found = URN.match(urn or "")
    return f"{found[1]}::{found[2]}" if found else (urn or "")


def masked(value: Any) -> Any:
    """A value of the state without ciphertexts and pickled code."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return "<secret>"
        return {key: masked(inner) for key, inner in value.items() if key != "__provider"}
    return [masked(inner) for inner in value] if isinstance(value, list) else value


def state(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a state, in order, as far as they are compared."""
    return [_row(resource) for resource in deployment.get("resources", [])]


def _row(resource: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"urn": short(resource["urn"])}
    row |= {key: resource[key] for key in PLAIN if resource.get(key)}
    of_provider = resource["type"].startswith("pulumi:providers:")
    if resource.get("id"):
        row["id"] = "<provider id>" if of_provider else UUID.sub("<made up>", resource["id"])
    if resource.get("parent") and not resource["parent"].endswith("Stack::parity-case"):
        row["parent"] = short(resource["parent"])
    if resource.get("provider"):
        row["provider"] = short(resource["provider"].rsplit("::", 1)[0])
    if resource.get("dependencies"):
        row["dependencies"] = sorted(map(short, resource["dependencies"]))
    if resource.get("deletedWith"):
        row["deletedWith"] = short(resource["deletedWith"])
    if resource.get("propertyDependencies"):
        by_property = sorted(resource["propertyDependencies"].items())
        row["propertyDependencies"] = {key: sorted(map(short, urns)) for key, urns in by_property if urns}
    if resource.get("resourceHooks"):
        row["hooks"] = {kind: names for kind, names in sorted(resource["resourceHooks"].items()) if names}
    if not of_provider:
        row["inputs"], row["outputs"] = masked(resource.get("inputs", {})), masked(resource.get("outputs", {}))
    return row


def clean(message: str) -> str:
    """A message without colours, without stack and project in URNs, and on one line."""
    message = re.sub(r"<\{%[^%]*%\}>", "", message)
    message = re.sub(r"urn:pulumi:[^\s:]+::[^\s:]+::(\S+?)::", r"\1::", message)
    return re.sub(r"\s+", " ", message).strip()


def _error(event: dict[str, Any]) -> tuple[str, str]:
    text = clean(event["message"])
    if "Traceback" in text:
        text = "<traceback> " + text.rsplit("Error: ", 1)[-1][-TRACE_TAIL:]
    return short(event.get("urn", "")), text


def events(path: Path) -> dict[str, Any]:
    """What an event log says: steps, policies, errors, changes."""
    steps: list[list[str]] = []
    policies: list[list[str]] = []
    errors: set[tuple[str, str]] = set()
    changes: dict[str, int] = {}
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if found := event.get("resourcePreEvent"):
            if found["metadata"]["type"] != STACK:
                steps.append([found["metadata"]["op"], short(found["metadata"]["urn"])])
        elif found := event.get("policyEvent"):
            message = clean(found["message"])
            policies.append(
                [found["policyName"], found["enforcementLevel"], short(found.get("resourceUrn", "")), message]
            )
        elif found := event.get("policyRemediationEvent"):
            policies.append([found["policyName"], "remediated", short(found.get("resourceUrn", "")), ""])
        elif found := event.get("diagnosticEvent"):
            if found["severity"] == "error":
                errors.add(_error(found))
        elif found := event.get("summaryEvent"):
            changes = found.get("resourceChanges", {})
    return {"steps": steps, "policies": policies, "errors": sorted(map(list, errors)), "changes": changes}


class Recorder:
    """One case in a project, a home and a backend of its own."""

    def __init__(self, work: Path, program: str, path: str) -> None:
        self.work = work
        self.project = work / "project"
        for folder in (self.project, work / "state"):
            folder.mkdir()
        shutil.copy(HERE / "programs" / f"{program}.py", self.project / "__main__.py")
        shutil.copy(HERE / "programs" / "parity_sdk.py", self.project)
        (self.project / "Pulumi.yaml").write_text(
            "name: parity\nruntime: python\nplugins:\n  providers:\n"
            f"    - name: parity\n      path: {HERE / 'provider'}\n"
        )
        self.environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{work / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DEBUG_COMMANDS": "true",
            "PULUMI_HOME": str(work / "home"),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PARITY_COUNTERS": str(work / "counters.json"),
            "PARITY_LOG": os.devnull,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{path}",
        }

    def pulumi(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command."""
        executable = shutil.which("pulumi", path=self.environment["PATH"]) or "pulumi"
        return finished([executable, *words], self.project, {**self.environment, **more})

    def stage(self, index: int, stage: dict[str, Any]) -> dict[str, Any]:
        """Run one stage and tell what happened."""
        log, event_log = self.work / f"calls-{index}", self.work / f"events-{index}"
        log.touch()
        words = [stage["op"], "--non-interactive", "--event-log", str(event_log), "--parallel", "1"]
        words += stage.get("flags", [])
        if stage["op"] != "preview" and "--preview-only" not in words:
            words += ["--yes", "--skip-preview"]
        if stage.get("pack"):
            words += ["--policy-pack", str(HERE / "packs" / stage["pack"])]
            if stage.get("pack_config"):
                config = self.work / f"config-{index}.json"
                config.write_text(json.dumps(stage["pack_config"]))
                words += ["--policy-pack-config", str(config)]
        settings = {f"CASE_{key}": value for key, value in stage.get("env", {}).items()}
        done = self.pulumi(*words, PARITY_LOG=str(log), **settings)
        told = {"steps": [], "policies": [], "errors": [["", clean(done.stderr)[-300:]]], "changes": {}}
        if event_log.exists():
            told = events(event_log)
        exported = json.loads(self.pulumi("stack", "export").stdout or "{}")
        outputs = json.loads(self.pulumi("stack", "output", "--json").stdout or "{}")
        return {
            "op": stage["op"],
            "env": stage.get("env", {}),
            "flags": stage.get("flags", []),
            "exit": done.returncode,
            "calls": [json.loads(line) for line in log.read_text().splitlines()],
            "state": state(exported.get("deployment", {})),
            "stackOutputs": outputs,
            **told,
        }


def record(case: str, spec: dict[str, Any], path: str | None = None) -> dict[str, Any]:
    """The transcript of a case on the `pulumi` that is first on `path` (default: PATH)."""
    with tempfile.TemporaryDirectory(prefix="parity-") as work:
        recorder = Recorder(Path(work), spec["program"], os.environ["PATH"] if path is None else path)
        done = recorder.pulumi("stack", "init", "case")
        if done.returncode:
            raise SystemExit(f"{case}: `pulumi stack init` failed: {done.stderr}")
        stages = [recorder.stage(index, stage) for index, stage in enumerate(spec["stages"])]
        engine = version(recorder.environment["PATH"])
    return {"case": case, "program": spec["program"], "engine": engine, "stages": stages}


@functools.cache
def version(path: str) -> str:
    """What the `pulumi` that is first on a path says it is."""
    said = subprocess.run(
        ["pulumi", "version"], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    return said.stdout.strip()


def main(arguments: list[str]) -> None:
    """Record cases into a folder."""
    cases = json.loads(Path(arguments[0] if arguments else HERE / "cases.json").read_text())
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp(prefix="transcripts-"))
    version = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True).stdout
    if "rehearsal" in version and folder.resolve() in (HERE / "transcripts", HERE / "grown"):
        raise SystemExit("the transcripts are the real engine's: record the rehearsal's into another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for case, spec in cases.items():
        if len(arguments) <= 2 or case in arguments[2:]:
            transcript = record(case, spec)
            (folder / f"{case}.json").write_text(json.dumps(transcript, indent=1, sort_keys=True) + "\n")
            sys.stdout.write(f"{folder / case}.json\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
