"""
The story on a real AWS account. NEVER RUN YET: there was no account where it was written (docs/unverified.md).

    python tests/acceptance/real_account.py --stack acceptance --image <reference by digest> --second-image <another>

Costs what two instances of the stack's type cost for about an hour, and a KMS key until its deletion window ends. Needs
the Pulumi CLI on PATH, AWS credentials, a stack file `Pulumi.<stack>.yaml` (see docs/settings.md) and two images of one
repository. Each act prints what it expects; the first that comes out otherwise ends the script and leaves the stack for
you to look at.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
HOLDFAST = Path(sys.executable).parent / "holdfast"


def holdfast(command: str, stack: str, *more: str) -> tuple[int, dict[str, Any]]:
    """One command with `--json`: its exit code and its report."""
    asked = [str(HOLDFAST), command, "--stack", stack, "--json", *more]
    done = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def expect(what: str, came: object, wanted: object) -> None:
    """Say what was expected; end the script when something else came."""
    print(f"{'ok ' if came == wanted else 'NOT'} {what}: {came!r}")
    if came != wanted:
        sys.exit(f"expected {wanted!r}. The stack is left as it is.")


def main() -> None:
    """Act by act."""
    parser = argparse.ArgumentParser(description="The story on a real AWS account (never run yet)")
    parser.add_argument("--stack", default="acceptance")
    parser.add_argument("--image", required=True, help="reference by digest")
    parser.add_argument("--second-image", required=True, help="another digest of the same repository")
    asked = parser.parse_args()
    if asked.stack.startswith("rehearsal"):
        sys.exit("this is for a real account; a stack named rehearsal... is never run on one.")

    first, second = ("--set", f"image={asked.image}"), ("--set", f"image={asked.second_image}")
    code, report = holdfast("up", asked.stack, *first)
    expect("up deploys", code, 0)
    expect("the endpoint is well", report["endpoints"][0]["well"], True)

    code, report = holdfast("up", asked.stack, *first)
    expect("a second up changes nothing", report["runs"][-1]["steps"], [])

    code, report = holdfast("up", asked.stack, *second, "--parallel", "1")
    told = [(s["step"], s["type"].split(":")[-1]) for s in report["runs"][-1]["steps"] if "sagemaker" in s["type"]]
    expect(
        "another image rolls in the safe order",
        told,
        [
            ("create new", "Model"),
            ("create new", "EndpointConfiguration"),
            ("update", "Endpoint"),
            ("delete old", "EndpointConfiguration"),
            ("delete old", "Model"),
        ],
    )

    for setting in ("image=:latest", "ssmAccess=true", "keyEnabled=false"):
        code, report = holdfast("preview", asked.stack, *second, "--set", setting)
        expect(f"{setting} is refused in the preview", code, 1)

    code, report = holdfast("destroy", asked.stack)
    expect("destroy takes everything down", code, 0)


if __name__ == "__main__":
    main()
