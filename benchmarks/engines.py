"""
What the embedded engine costs, beside the Pulumi CLI: `python benchmarks/engines.py [endpoints...]`.

CPU seconds of all processes of a run (user and system), as a machine that others use tells nothing by the clock. An
endpoint is three chained resources (model, configuration, endpoint) on a stand-in provider, so that what is measured
are the engines and not the account. Where the CLI is on PATH the two take turns, PAIRS times, and the ratio is the
median of the pairs. At the end: previews of one endpoint in one warm process, without packs and with all of this
repository's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "parity"))

import compare  # noqa: E402
from record import Recorder  # noqa: E402

PAIRS = 3
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
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = recorder.pulumi(*words, CASE_SPEC=spec)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"{operation} failed: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def beside_each_other(endpoints: list[int]) -> None:
    """A line for each size and operation."""
    folders = os.environ["PATH"].split(os.pathsep)
    real = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != compare.EMBEDDED)
    there = shutil.which("pulumi", path=real) is not None
    print("| endpoints | run | embedded, CPU s | CLI, CPU s | ratio (median of pairs) |\n|---|---|---|---|---|")
    for count in endpoints:
        for operation in ("preview", "up"):
            spec = described(count)
            ours, theirs = [], []
            for _ in range(PAIRS if there else 1):
                ours.append(cpu(compare.embedded_path(), operation, spec))
                if there:
                    theirs.append(cpu(real, operation, spec))
            ratio = f"{statistics.median(o / t for o, t in zip(ours, theirs, strict=True)):.2f}" if there else "-"
            cli = f"{statistics.median(theirs):.1f}" if there else "-"
            print(f"| {count} | {operation} | {statistics.median(ours):.1f} | {cli} | {ratio} |", flush=True)


def used() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def previews(runs: int, packs: list[Path]) -> tuple[float, float]:
    """CPU seconds of so many previews of one endpoint, with all they start, and their seconds by the clock."""
    from rehearsal.harness import Rehearsed
    from rehearsal.prefork.starting import Prefork

    before = used()
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
        one.preview()
        began = time.perf_counter()
        for _ in range(runs):
            one.preview()
        wall = time.perf_counter() - began
    return used() - before, wall


def warm() -> None:
    """Previews of one endpoint, one after another in this process; the first, which imports, doesn't count."""
    everything = sorted(path.parent for path in (REPOSITORY / "policies").glob("*/PulumiPolicy.yaml"))
    for named, packs in (("no pack", []), (f"{len(everything)} packs", everything)):
        nothing, _ = previews(0, packs)
        spent, wall = previews(WARM_RUNS, packs)
        each = (spent - nothing) / WARM_RUNS
        print(f"warm, {named}: {each:.2f} CPU s a preview, {WARM_RUNS / wall:.1f} a second by the clock", flush=True)


def main() -> None:
    """The engines beside each other, then previews in one warm process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoints", nargs="*", type=int, default=[1, 100, 300])
    beside_each_other(parser.parse_args().endpoints)
    warm()


if __name__ == "__main__":
    main()
