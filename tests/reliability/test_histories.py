"""The short run of histories (`short_run.py`), in a process that has done nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

SHORT_RUN = Path(__file__).with_name("short_run.py")
NAMES = [
    node.name
    for node in ast.parse(SHORT_RUN.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="histories fork their processes, which only Linux bears"),
    pytest.mark.timeout(900),  # the first of these waits for all of the run
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    """Function -> for each of its cases its id and why it failed, empty when it passed."""
    report = tmp_path_factory.mktemp("short-run") / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", f"--junit-xml={report}", str(SHORT_RUN)]
    ran = subprocess.run(command, cwd=SHORT_RUN.parents[2], capture_output=True, text=True, check=False)
    assert report.exists(), ran.stdout + ran.stderr
    found: dict[str, list[tuple[str, str]]] = {}
    for case in ET.parse(report).iter("testcase"):
        name = str(case.get("name"))
        wrong = [kind for kind in case if kind.tag in ("failure", "error", "skipped")]
        found.setdefault(name.partition("[")[0], []).append((name, "".join(str(kind.text) for kind in wrong)))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_of_the_short_run(name: str, outcomes: dict[str, list[tuple[str, str]]]) -> None:
    """Every case ran, and passed."""
    assert outcomes[name]
    assert [wrong for _, wrong in outcomes[name] if wrong] == []
