"""`make kill-points`: the engine is killed (SIGKILL) at every save of a first deployment, a roll and a destruction.

    python tests/reliability/kill_points.py [deployment|roll|destruction ...] [--every N] [--minutes M] [--workers W]

A save comes before and after every step, so each step is cut at its beginning and at its end; and each save is cut
before it is on the disk (AWS has acted, the state doesn't know) and after. Each point begins in a fork of the same
account. After it, what was being created is taken up (as `holdfast refresh` does), the same operation must converge, no
endpoint may break, and what AWS holds beside the states must have been named. Results are kept, and what was done isn't
done again.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "shared"), str(HERE.parents[1])]

import processes  # noqa: E402
import warm  # noqa: E402
import worlds  # noqa: E402
from histories import MAIN, Broken, History, Incident  # noqa: E402
from soak import commit, results  # noqa: E402

OPERATIONS = ("deployment", "roll", "destruction")


class Beginning:
    """What the points of an operation begin with: an account to fork, and the main stack as it is then."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.history = History(seed=1)
        self.history.converges = False
        if operation != "deployment":
            self.history.deploy()
        self.fresh = self.history.world.account

    def point(self, save: int, *, persisted: bool) -> tuple[bool, str]:
        """Kill at a save; whether the run got there, and what was wrong afterwards ("" for nothing)."""
        history = copy.copy(self.history)
        history.log, history.coverage, history.lost, history.converges = [], Counter(), [], True
        history.stacks = copy.deepcopy(self.history.stacks)
        history.world = worlds.fork_of(self.history.world)
        incident = Incident("kill", save=save, persisted=persisted)
        try:
            if self.operation == "deployment":
                history.deploy(MAIN, incident)
            elif self.operation == "roll":
                history.change("image and variables", incident)
            else:
                history.remove(MAIN, incident)
            history.nothing_is_orphaned()
        except Broken as broken:
            return True, f"{broken}\n" + "\n".join(history.log)
        finally:
            reached = "killed" in " ".join(history.log)
            history.close()
        return reached, ""

    def close(self) -> None:
        """End the world."""
        self.history.close()


def work(options: argparse.Namespace, worker: int, until: float) -> None:
    """This worker's share of the points of each operation, until one is beyond the end of the run."""
    warm.warm_up()
    done = {(each["operation"], each["save"], each["persisted"]) for each in results(options.results)}
    at = commit()
    for operation in options.operations or OPERATIONS:
        beginning = Beginning(operation)
        for number in range(worker, 400, options.workers):
            save, persisted = 1 + number // 2 * options.every, bool(number % 2)
            if time.monotonic() > until or processes.asked_to_end():
                break
            if (operation, save, persisted) in done:
                continue
            reached, wrong = beginning.point(save, persisted=persisted)
            if not reached:
                break
            row: dict[str, Any] = {"operation": operation, "save": save, "persisted": persisted, "wrong": wrong}
            row["commit"] = at
            with options.results.open("a") as file:
                file.write(json.dumps(row) + "\n")
        beginning.close()


def report(found: list[dict[str, Any]]) -> str:
    """Counts, and what was wrong, as text."""
    lines = ["| operation | points | last save | survived |", "|---|---|---|---|"]
    for operation in OPERATIONS:
        mine = [each for each in found if each["operation"] == operation]
        if mine:
            survived = sum(not each["wrong"] for each in mine)
            lines.append(f"| {operation} | {len(mine)} | {max(each['save'] for each in mine)} | {survived} |")
    wrong = [each for each in found if each["wrong"]]
    lines += [
        f"\n{one['operation']}, save {one['save']}, persisted {one['persisted']}: {one['wrong']}" for one in wrong
    ]
    return "\n".join(lines)


def main() -> int:
    """Workers side by side, then the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operations", nargs="*", metavar="operation")
    parser.add_argument("--every", type=int, default=1, help="only every so many'th save")
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", type=Path, default=warm.REPOSITORY / ".rehearsal" / "kill-points.jsonl")
    options = parser.parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + options.minutes * 60
    processes.side_by_side([lambda worker=worker: work(options, worker, until) for worker in range(options.workers)])
    found = results(options.results)
    print(report(found))  # noqa: T201
    return 1 if any(each["wrong"] for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
