"""
How many calls the Model Registry costs: `python benchmarks/model_registry.py [versions]`.

Listing and resolving in a group of many versions (10,000 unless told otherwise), which this process makes up and
pages as ListModelPackages does; what counts is the number of calls, each of which is a round trip on a real account.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(REPOSITORY), str(REPOSITORY / "tests" / "versions")]  # this folder has a guards.py of its own

from many_versions import Many  # noqa: E402

from pipeline.versions.registry import ModelRegistry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("versions", type=int, nargs="?", default=10_000)
    count = parser.parse_args().versions
    many = Many(count=count)
    registry = ModelRegistry(many)
    group = registry.group("trees")
    asked: dict[str, Callable[[], object]] = {
        "holdfast resolve trees@latest-approved": lambda: registry.latest_approved(group),
        "holdfast versions": lambda: registry.listing(group, most=20),
        "holdfast versions --most 1000": lambda: registry.listing(group, most=1000),
        "holdfast versions --most 10000": lambda: registry.listing(group, most=10_000),
    }
    sys.stdout.write(f"A group of {count:,} versions:\n")
    for words, act in asked.items():
        many.calls.clear()
        began = time.perf_counter()
        act()
        taken = time.perf_counter() - began
        sys.stdout.write(f"  {words:<40} {len(many.calls):>4} calls, {taken * 1000:.1f} ms here\n")


if __name__ == "__main__":
    main()
