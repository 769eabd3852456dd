"""`make soak`: thousands of histories, carried on where the last run stopped; prints what they covered and found.

    python tests/reliability/soak.py [--histories N] [--minutes M] [--workers W] [--program NAME] [--results FILE]

Results lie in `.rehearsal/soak.jsonl`, one line a history. A history that breaks something is kept there with its log;
the exit status is then 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "shared"), str(HERE.parents[1])]

import processes  # noqa: E402
import programs  # noqa: E402
import warm  # noqa: E402
from machine import Story, explore  # noqa: E402

BATCH = 20


def results(path: Path) -> list[dict[str, Any]]:
    """What earlier runs wrote; a last line that was cut off doesn't count."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def commit() -> str:
    """The commit that the histories run on, short; with a + where files differ from it."""
    git = ["git", "-C", str(warm.REPOSITORY)]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        head = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
        changed = subprocess.check_output([*git, "status", "--porcelain", "--untracked-files=no"], text=True).strip()
        return head + ("+" if changed else "")
    return ""


def work(options: argparse.Namespace, worker: int, first: int, until: float) -> None:
    """Histories of every so many'th batch until there are enough or the time is over."""
    path, name = options.results, options.program
    program = programs.PROGRAMS[name]()
    warm.warm_up()
    batch, at = first + worker, commit()

    def over() -> bool:
        return time.monotonic() > until or processes.asked_to_end()

    def told(story: Story) -> None:
        if over():
            return  # it was cut short
        row = {**asdict(story), "batch": batch, "commit": at, "log": story.log if story.broken else []}
        with path.open("a") as file:  # one write a line: several workers append
            file.write(json.dumps(row) + "\n")

    def enough() -> bool:
        return over() or sum(each["program"] == name for each in results(path)) >= options.histories

    class Enough(Exception):  # noqa: N818
        """There are enough."""

    def told_or_stop(story: Story) -> None:
        told(story)
        if enough():
            raise Enough

    while not enough():
        # A history that found something is written down; the next batch goes on.
        with contextlib.suppress(Exception):
            explore(program, batch, BATCH, told_or_stop, stop=over)
        batch += options.workers


def report(found: list[dict[str, Any]], seconds: float, new: int) -> str:
    """Counts, the coverage (change x incident), and what was found, as text."""
    lines = []
    for name in sorted({each["program"] for each in found}):
        mine = [each for each in found if each["program"] == name]
        broken = [each for each in mine if each["broken"]]
        changes = [each["changes"] for each in mine]
        lines.append(
            f"{name}: {len(mine)} histories, {sum(changes)} changes (median {statistics.median(changes):g} a history), "
            f"{sum(each['runs'] for each in mine)} runs of the engine, {sum(each['refused'] for each in mine)} refused "
            f"changes, {len(broken)} histories broke something."
        )
        commits = Counter(each.get("commit", "") for each in mine)
        lines.append("  at " + ", ".join(f"{at or 'an unknown commit'}: {count}" for at, count in commits.items()))
        for kind, count in Counter(each["broken"] for each in broken).most_common():
            lines.append(f"  {count} x {kind}")
        covered: Counter[str] = Counter()
        for each in mine:
            covered.update(each["coverage"])
        operations = sorted({key.partition(" x ")[0] for key in covered})
        incidents = sorted({key.partition(" x ")[2] for key in covered})
        lines.append("| change | " + " | ".join(incidents) + " |")
        lines.append("|---|" + "---|" * len(incidents))
        for operation in operations:
            counts = [str(covered.get(f"{operation} x {incident}", "")) for incident in incidents]
            lines.append(f"| {operation} | " + " | ".join(counts) + " |")
    if new:
        lines.append(f"This run: {new} histories in {seconds:.0f} s, {new / seconds:.3f} histories/s.")
    return "\n".join(lines)


def main() -> int:
    """Run workers side by side, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=1000, help="how many there are to be in all (default 1000)")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long; the next run carries on")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--program", default="holdfast", choices=sorted(programs.PROGRAMS))
    parser.add_argument("--results", type=Path, default=warm.REPOSITORY / ".rehearsal" / "soak.jsonl")
    parser.add_argument("--report", action="store_true", help="only report")
    options = parser.parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    before = results(options.results)
    began = time.monotonic()
    if not options.report:
        first = 1 + max((each["batch"] for each in before if each["program"] == options.program), default=0)
        until = began + options.minutes * 60
        processes.side_by_side(
            [lambda worker=worker: work(options, worker, first, until) for worker in range(options.workers)]
        )
    after = results(options.results)
    print(report(after, time.monotonic() - began, len(after) - len(before)))  # noqa: T201
    return 1 if any(each["broken"] for each in after if each["program"] == "holdfast") else 0


if __name__ == "__main__":
    sys.exit(main())
