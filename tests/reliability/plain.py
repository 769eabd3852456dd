"""What each kind of change does to a plain program's endpoint: one history for each, printed as a table.

python tests/reliability/plain.py
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "shared"), str(HERE.parents[1])]

import warm  # noqa: E402
from changes import CHANGES  # noqa: E402
from histories import MAIN, Broken, History, Incident  # noqa: E402
from programs import peer  # noqa: E402


def outcome(kind: str, incident: Incident, seed: int) -> str:
    """What became of an endpoint that was deployed and then changed once."""
    history = History(peer(), seed)
    history.converges = False
    try:
        history.deploy(MAIN)
        history.change(kind, incident)
    except Broken as broken:
        words = str(broken)
        cause = words.partition('"cause": "')[2].partition('"')[0]
        return f"{broken.kind}{f', by {cause}' if cause else ''}"
    finally:
        history.close()
    return "sound"


def main() -> None:
    """Every kind of change, and an ordinary roll that AWS takes back without a word."""
    warm.warm_up()
    print("| change | what became of the endpoint |\n|---|---|")  # noqa: T201
    for kind in CHANGES:
        print(f"| {kind} | {outcome(kind, Incident(), 2)} |", flush=True)  # noqa: T201
    silent = outcome("instance count", Incident("fault", "silent-roll-back"), 2)
    print(f"| instance count, rolled back silently | {silent} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
