"""
What the embedded engine costs, beside the Pulumi CLI: `python benchmarks/engines.py [endpoints...]`.

CPU seconds of all processes of a run (user and system), as a machine that others use tells nothing by the clock. An
endpoint is three chained resources (model, configuration, endpoint) on a stand-in provider, so that what is measured
are the engines and not the account. The embedded engine runs by itself, and forked from a server as `holdfast` and
tests have it; where the CLI is on PATH all take turns, and a ratio is the median of the turns'. At the end: previews of
one endpoint in one warm process, without packs and with all of this repository's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "parity"))

import compare  # noqa: E402
from cpu_seconds import used  # noqa: E402
from record import Recorder  # noqa: E402

TURNS = 3
WARM_RUNS = 20


def described(endpoints: int) -> str:
    """A program of so many endpoints, for the program `described`."""
    rows: list[object] = []
    for n in range(endpoints):
        rows.append([f"model-{n}", "thing", {"auto": True, "r_image": "1"}])
        rows.append([f"config-{n}", "thing", {"auto": True, "r_model": f"$model-{n}.name"}])
        rows.append([f"endpoint-{n}", "thing", {"value": f"$config-{n}.name"}])
    return json.dumps({"r": rows, "at_once": True})


def cpu(path: str, operation: str, spec: str) -> float:
    """CPU seconds of one run of an operation in a fresh stack, on the engine that is first on a path."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as work:
        recorder = Recorder(Path(work), "described", path)
        recorder.pulumi("stack", "init", "case")
        words = [operation, "--non-interactive", *(["--yes", "--skip-preview"] if operation == "up" else [])]
        before = used()
        done = recorder.pulumi(*words, CASE_SPEC=spec)
        spent = used() - before
        if done.returncode:
            raise SystemExit(f"{operation} failed: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return spent


def forked(operation: str, spec: str) -> float:
    """The same of the embedded engine, with a server open that has forked such a run before."""
    from rehearsal.prefork.starting import Prefork

    with Prefork(eager=False):
        for _ in range(2):  # from the first it is known what is needed, with the second it is there
            cpu(compare.embedded_path(), operation, described(1))
        return cpu(compare.embedded_path(), operation, spec)


def beside_each_other(endpoints: list[int], turns: int) -> None:
    """A line for each size and operation."""
    folders = os.environ["PATH"].split(os.pathsep)
    real = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != compare.EMBEDDED)
    there = shutil.which("pulumi", path=real) is not None
    print("| endpoints | run | embedded, CPU s | forked, CPU s | CLI, CPU s | embedded / CLI | forked / CLI |")
    print("|---|---|---|---|---|---|---|")
    for count in endpoints:
        for operation in ("preview", "up"):
            spec = described(count)
            ours, warm, theirs = [], [], []
            for _ in range(turns if there else 1):
                ours.append(cpu(compare.embedded_path(), operation, spec))
                warm.append(forked(operation, spec))
                if there:
                    theirs.append(cpu(real, operation, spec))
            spent = [f"{statistics.median(seconds):.1f}" if seconds else "-" for seconds in (ours, warm, theirs)]
            ratios = [_ratio(mine, theirs) for mine in (ours, warm)]
            print(f"| {count} | {operation} | {' | '.join([*spent, *ratios])} |", flush=True)


def _ratio(ours: list[float], theirs: list[float]) -> str:
    """The median of the turns' ratios, and from which to which they are."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=False)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "-"


def previews(runs: int, packs: list[Path]) -> tuple[float, float]:
    """CPU seconds of so many previews of one endpoint, with all they start, and their seconds by the clock."""
    from rehearsal.harness import Rehearsed
    from rehearsal.prefork.starting import Prefork

    with tempfile.TemporaryDirectory(prefix="benchmark-") as work, Prefork(eager=False):
        folder = Path(work) / "program"
        folder.mkdir()
        for name, to in (("described", "__main__"), ("parity_sdk", "parity_sdk")):
            shutil.copy(REPOSITORY / "tests" / "parity" / "programs" / f"{name}.py", folder / f"{to}.py")
        environ = {"PARITY_LOG": os.devnull, "PARITY_COUNTERS": f"{work}/counters", "CASE_SPEC": described(1)}
        one = Rehearsed(
            folder, home=Path(work) / "home", packs=packs, account=False, environ=environ,
            plugins={"parity": REPOSITORY / "tests" / "parity" / "provider"},
        )  # fmt: skip
        for _ in range(2):
            one.preview()
        before, began = used(), time.perf_counter()
        for _ in range(runs):
            one.preview()
        return used() - before, time.perf_counter() - began


def warm() -> None:
    """Previews of one endpoint, one after another in this process; the first ones, which import, don't count."""
    everything = sorted(path.parent for path in (REPOSITORY / "policies").glob("*/PulumiPolicy.yaml"))
    for named, packs in (("no pack", []), (f"{len(everything)} packs", everything)):
        spent, wall = previews(WARM_RUNS, packs)
        each = spent / WARM_RUNS
        print(f"warm, {named}: {each:.3f} CPU s a preview, {WARM_RUNS / wall:.1f} a second by the clock", flush=True)


def main() -> None:
    """The engines beside each other, then previews in one warm process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoints", nargs="*", type=int, default=[1, 100, 300])
    parser.add_argument("--turns", type=int, default=TURNS)
    asked = parser.parse_args()
    beside_each_other(asked.endpoints, asked.turns)
    warm()


if __name__ == "__main__":
    main()
