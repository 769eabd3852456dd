"""
What the guards add to a preview: `python benchmarks/guards.py [endpoints [embedded|pulumi]]`, 300 by default.

A program of so many endpoints (model, configuration, endpoint: three resources each) with `guards.install()` and
without, in turns, on the embedded engine and its emulated account: a preview that creates all of them, and one that
changes nothing. CPU seconds of all processes (the account's too, which is asked once); the figure is the median of the
ratios of PAIRS pairs. Also the number of calls of AWS that the guards made in the preview that changes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), *(str(REPOSITORY / "tests" / name) for name in ("guards", "shared"))]

from cpu_seconds import used  # noqa: E402
from engine_house import House, engine_of  # noqa: E402

from rehearsal.prefork.starting import Prefork  # noqa: E402

PAIRS = 5
PROGRAM = """
import os, pulumi
if os.environ.get("GUARDS"):
    import guards
    guards.install()
variant = {"variantName": "v", "instanceType": "ml.m5.large", "initialInstanceCount": 1}
for n in range(int(os.environ["ENDPOINTS"])):
    container = {"image": os.environ["IMAGE"], "environment": {"N": str(n)}}
    role = {"executionRoleArn": os.environ["ROLE"]}
    model = pulumi.CustomResource("aws:sagemaker/model:Model", f"m-{n}",
        {**role, "name": f"m-{n}", "primaryContainer": container})
    configuration = pulumi.CustomResource("aws:sagemaker/endpointConfiguration:EndpointConfiguration", f"c-{n}",
        {"name": f"c-{n}", "productionVariants": [{**variant, "modelName": f"m-{n}"}]},
        pulumi.ResourceOptions(depends_on=[model]))
    pulumi.CustomResource("aws:sagemaker/endpoint:Endpoint", f"e-{n}",
        {"name": f"e-{n}", "endpointConfigName": f"c-{n}"}, pulumi.ResourceOptions(depends_on=[configuration]))
"""


def cpu(house: House, **environment: str) -> float:
    """CPU seconds of a preview."""
    before = used()
    done = house.run("preview", **environment)
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return used() - before


def pairs(house: House, words: str, **environment: str) -> None:
    """The two in turns, each first in every other pair."""
    taken: list[tuple[float, float]] = []
    for number in range(PAIRS):
        order = ["yes", ""] if number % 2 else ["", "yes"]
        figures = {guards: cpu(house, GUARDS=guards, **environment) for guards in order}
        taken.append((figures["yes"], figures[""]))
    ratios = sorted(with_guards / without for with_guards, without in taken)
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"{words}: {statistics.median(ratios) - 1:+.1%} (ratios {shown}; {taken[-1][1]:.1f} s without)", flush=True)


def main() -> None:
    """Both previews."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoints", nargs="?", type=int, default=300)
    parser.add_argument("engine", nargs="?", choices=["embedded", "pulumi"], default="embedded")
    asked = parser.parse_args()
    endpoints, kind = str(asked.endpoints), asked.engine
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as work,
        engine_of(kind, Path(work)) as engine,
        Prefork() if kind == "embedded" else contextlib.nullcontext(),  # as every `holdfast` command has it
    ):
        project = Path(work) / "project"
        project.mkdir()
        (project / "Pulumi.yaml").write_text("name: many\nruntime: python\n")
        (project / "requirements.txt").write_text("pulumi-aws\n")
        (project / "__main__.py").write_text(PROGRAM)
        house = House(project, Path(work) / "home", engine)
        try:
            house.run("stack", "init")
            trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            role = house.client("iam").create_role(RoleName="many", AssumeRolePolicyDocument=document)["Role"]["Arn"]
            image = f"999988887777.dkr.ecr.us-east-1.amazonaws.com/many@sha256:{'a' * 64}"
            environment = {"ENDPOINTS": endpoints, "ROLE": role, "IMAGE": image}
            pairs(house, f"a preview that creates {endpoints} endpoints", **environment)
            done = house.run("up", "--yes", "--skip-preview", GUARDS="yes", TIMEOUT="900", **environment)
            if done.returncode:
                raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
            pairs(house, f"a preview of {endpoints} endpoints that changes nothing", **environment)
            after = len(house.account().calls())
            cpu(house, GUARDS="yes", **environment)
            print(f"calls of AWS in that preview: {len(house.account().calls()) - after}")
        finally:
            house.account().stop()


if __name__ == "__main__":
    main()
