"""
How long policy packs take: `python benchmarks/policy_packs.py [endpoints]`.

Start-up is measured from starting the process, as the engine does, to the port it prints; judging in this process, with
requests as the engine sends them, for stacks of seven resources an endpoint (130 endpoints are 910 resources).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "policies"))

from judging import Given, _stack_request  # noqa: E402
from pulumi.runtime.proto import analyzer_pb2  # noqa: E402
from pulumi_policy.policy import EnforcementLevel, _PolicyAnalyzerServicer  # noqa: E402
from test_everything_wrong import renamed, stack  # noqa: E402

from policies.catalogue import PACKS  # noqa: E402
from policies.serving import policies_of  # noqa: E402


def start_up(folder: Path) -> float:
    """Seconds from starting a pack to its port."""
    began = time.perf_counter()
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        taken = time.perf_counter() - began
        process.kill()
    return taken


def judging(levels: dict[str, str], resources: list[Given]) -> tuple[float, float]:
    """Seconds for one Analyze call per resource, and for the one AnalyzeStack call."""
    policies = policies_of(levels, Path("/nonexistent"))
    servicer = _PolicyAnalyzerServicer("benchmark", "0.0.1", policies, EnforcementLevel.MANDATORY)
    requests = [analyzer_pb2.AnalyzeRequest(**each.request()) for each in resources]
    whole = _stack_request(tuple(resources))
    began = time.perf_counter()
    for request in requests:
        servicer.Analyze(request, None)
    between = time.perf_counter()
    servicer.AnalyzeStack(whole, None)
    return between - began, time.perf_counter() - between


def main() -> None:
    """Print a line for each pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoints", nargs="?", type=int, default=130)
    endpoints = parser.parse_args().endpoints
    resources = [renamed(each, index) for index in range(endpoints) for each in stack(bad=False)]
    for pack in PACKS:
        started = statistics.median(start_up(Path(pack.__file__).parent) for _ in range(5))
        each, whole = judging(dict(pack.LEVELS), resources)
        print(
            f"{pack.NAME:<28} {len(pack.LEVELS):>2} rules: starts in {started:.2f} s; "
            f"{len(resources)} resources: {each:.2f} s one by one, {whole:.2f} s as a stack"
        )


if __name__ == "__main__":
    main()
