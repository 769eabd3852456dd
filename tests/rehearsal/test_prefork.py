"""A forked process is the process that was asked for; and what it can't be is left to the usual way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal.prefork import kinds
from rehearsal.prefork.process import ADDRESS, ForkedProcess, ask, spawn
from rehearsal.prefork.starting import Prefork
from rehearsal.wire.program import STARTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely enough")

TELL = """
import json, os, sys
print(json.dumps({"argv": sys.argv, "path": sys.path[0], "cwd": os.getcwd(), "name": __name__, "file": __file__,
                  "environment": dict(os.environ), "session": os.getsid(0) == os.getpid()}))
"""


@pytest.fixture(scope="module", autouse=True)
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One server for this module, with a memory of its own."""
    patch = pytest.MonkeyPatch()
    memory = tmp_path_factory.mktemp("prefork") / "imports.json"
    patch.setenv("REHEARSAL_IMPORTS", str(memory))
    patch.delenv(ADDRESS)
    with Prefork(eager=False):
        yield memory
    patch.undo()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], list[str]]:
    """Writes a script; returns the command that runs it."""

    def write(text: str) -> list[str]:
        path = tmp_path / "script.py"
        path.write_text(text)
        return [sys.executable, str(path)]

    return write


def finished(command: list[str], cwd: Path, **more: str) -> tuple[int, str, str]:
    """Exit status and output of a forked process."""
    process = spawn(command, cwd, {**os.environ, **more})
    assert process is not None
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.read().decode(), process.stderr.read().decode()
    return process.wait(), out, err


def test_it_has_its_own_arguments_folder_environment_and_session(
    script: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """All that a process gets from whoever starts it is as it was asked for."""
    command = [*script(TELL), "one", "two words"]

    status, out, _ = finished(command, tmp_path, ONLY_HERE="yes")

    told = json.loads(out)
    assert status == 0
    assert told["argv"] == [command[1], "one", "two words"]
    assert (told["path"], told["cwd"]) == (str(tmp_path), str(tmp_path))
    assert (told["name"], told["file"]) == ("__main__", command[1])
    assert told["environment"] == {**os.environ, "ONLY_HERE": "yes"}
    assert told["session"]


def test_it_is_the_same_as_a_process_started_the_usual_way(script: Callable[[str], list[str]], tmp_path: Path) -> None:
    """What a script sees of itself is the same, forked or not."""
    command = [*script(TELL.replace('"session"', '"buffered": sys.stdout.line_buffering, "session"')), "x"]
    usual = subprocess.run(
        command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=True, start_new_session=True
    )

    _, out, _ = finished(command, tmp_path)

    forked, started = json.loads(out), json.loads(usual.stdout)

    assert forked.pop("environment").items() ^ started.pop("environment").items() == set()
    assert forked == started


@pytest.mark.parametrize(
    ("ending", "status"),
    [("", 0), ("raise SystemExit(7)", 7), ("raise SystemExit", 0), ("raise SystemExit('no')", 1), ("1/0", 1)],
)
def test_exit_statuses_are_the_interpreters(
    ending: str, status: int, script: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """Each way to end has the status and the last words that it has without a fork."""
    command = script(f"import atexit\natexit.register(print, 'at the end')\n{ending}\n")
    usual = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert finished(command, tmp_path) == (status, usual.stdout, usual.stderr)
    assert usual.returncode == status


def test_threads_are_waited_for(script: Callable[[str], list[str]], tmp_path: Path) -> None:
    """A thread that isn't a daemon finishes its work, as it does before an interpreter ends."""
    command = script(
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('done'))).start()\n"
    )

    assert finished(command, tmp_path) == (0, "done\n", "")


def test_an_executable_python_script_is_forked_too(tmp_path: Path) -> None:
    """A plug-in that begins with `#!/usr/bin/env python3` and finds this environment's Python."""
    plugin = tmp_path / "pulumi-resource-some"
    plugin.write_text("#!/usr/bin/env python3\nprint('served')\n")
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"

    assert finished([str(plugin)], tmp_path, PATH=path) == (0, "served\n", "")


def test_the_same_environment_by_another_name_is_the_same(tmp_path: Path) -> None:
    """A project whose `.venv` is a link to this environment."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "some.py").write_text("print('ran')")

    assert finished([str(tmp_path / ".venv" / "bin" / "python"), "some.py"], tmp_path) == (0, "ran\n", "")


def test_a_module_runs_as_main(tmp_path: Path) -> None:
    """`python -m`, with the working directory first on the path of imports."""
    (tmp_path / "some_module.py").write_text(TELL)

    status, out, _ = finished([sys.executable, "-u", "-m", "some_module", "a"], tmp_path)

    told = json.loads(out)
    assert (status, told["name"], told["path"]) == (0, "__main__", str(tmp_path))
    assert told["argv"] == [str(tmp_path / "some_module.py"), "a"]


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (["/bin/true"], {}),
        ([sys.executable, "-c", "pass"], {}),
        ([sys.executable, "-X", "dev", "some.py"], {}),
        ([sys.executable, "some.py"], {"PYTHONPATH": "/elsewhere"}),
        ([sys.executable, "some.py"], {"PYTHONHASHSEED": "3"}),
        ([sys.executable, "some.py"], {"LC_ALL": "tlh"}),
    ],
)
def test_what_a_fork_cant_be_is_started_the_usual_way(
    command: list[str], variables: dict[str, str], tmp_path: Path
) -> None:
    """Another interpreter, other options, other variables that an interpreter reads when it starts."""
    assert spawn(command, tmp_path, {**os.environ, **variables}) is None


def test_a_server_started_with_a_variable_serves_who_asks_for_it(
    script: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """Of several servers the one is taken that fits."""
    command = script("import os; print(os.environ.get('PYTHONHASHSEED'), hash('holdfast') == int(os.environ['H']))")
    usual = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
    seeded = subprocess.run(
        [sys.executable, "-c", "print(hash('holdfast'))"], env=usual, capture_output=True, text=True, check=True
    )

    with Prefork(eager=False, variables={"PYTHONHASHSEED": "0"}):
        done = finished(command, tmp_path, PYTHONHASHSEED="0", H=seeded.stdout.strip())

    assert done == (0, "0 True\n", "")


def test_kinds_that_need_little_fork_from_where_little_is_imported(memory: Path, tmp_path: Path) -> None:
    """The parent of a process tells where it was forked: those that need nearly the same share a nursery."""
    names = ("one_that_needs_little", "another", "one_that_needs_much")
    for name in names:
        (tmp_path / f"{name}.py").write_text("import os, sys\nprint(os.getppid(), 'colorsys' in sys.modules)\n")
    much = ["colorsys", *(f"module_that_has_gone_{n}" for n in range(200))]
    memory.write_text(json.dumps(dict(zip(names, (["bisect"], ["bisect", "heapq"], much), strict=True))))

    little, another, big, again = (
        finished([sys.executable, "-m", name], tmp_path)[1].split() for name in (*names, names[0])
    )

    assert little == another == again
    assert little[0] != big[0]
    assert (little[1], big[1]) == ("False", "True")


def test_a_nursery_that_died_is_replaced(memory: Path, tmp_path: Path) -> None:
    """Its processes' clients hear of it, and the next process is forked from another."""
    (tmp_path / "of_a_nursery.py").write_text("import os\nprint(os.getppid(), flush=True)\ninput()\n")
    (tmp_path / "ends.py").write_text("import os\nprint(os.getppid())\n")
    memory.write_text(json.dumps({"of_a_nursery": ["bisect"], "ends": ["bisect"]}))
    read, write = os.pipe()
    with os.fdopen(read), os.fdopen(write), (tmp_path / "said").open("wb") as out:
        streams = (read, out.fileno(), out.fileno())
        process = ask([sys.executable, "-m", "of_a_nursery"], str(tmp_path), os.environ, streams)
        assert process is not None
        while not (said := (tmp_path / "said").read_text()).endswith("\n"):
            time.sleep(0.01)

        os.kill(int(said), signal.SIGKILL)

        assert process.wait(10) == -signal.SIGKILL
    status, out_again, _ = finished([sys.executable, "-m", "ends"], tmp_path)
    assert status == 0
    assert int(out_again) != int(said)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import json\n", "script: "),
        ("import grpc, os as o\nfrom pulumi.runtime import x\n", "script: grpc,pulumi"),
        ("    from .own import x\nimport beside\n", "script: pulumi_aws"),
        ("# import grpc\nx = 'import pulumi'\n", "script: "),
    ],
)
def test_a_script_is_known_by_what_it_says_it_imports(source: str, kind: str, tmp_path: Path) -> None:
    """With the files beside it, the standard library aside."""
    (tmp_path / "beside.py").write_text("import pulumi_aws as aws\nimport beside\n")
    script = tmp_path / "script.py"
    script.write_text(source)

    assert kinds.of_script(str(script), []) == kind


def test_a_program_is_known_by_its_own_imports() -> None:
    """And not by those of what runs it."""
    program = str(Path(__file__).parents[1] / "parity" / "programs" / "described.py")

    assert kinds.of_script(str(STARTER), ["--pwd", "/", program]) == "starter.py: pulumi"


def test_what_is_unknown_begins_with_what_the_most_similar_needs() -> None:
    """Of those that mention nothing else: what only others need would make its forks slow."""
    known = {"starter.py": ["old"], "starter.py: pulumi": ["p"], "starter.py: boto3,pulumi": ["p", "b"],
             "starter.py: pulumi,pulumi_aws": ["p", "a"], "script: boto3": ["b"]}  # fmt: skip

    assert kinds.like("starter.py: boto3,pulumi,yaml", known) == ["p", "b"]
    assert kinds.like("starter.py: pulumi,yaml", known) == ["p"]
    assert kinds.like("starter.py: pulumi,pulumi_aws", known) == ["p", "a"]
    assert kinds.like("script: yaml", known) == []
    assert kinds.like("some.module", known) == []


def test_a_server_that_is_open_is_used() -> None:
    """A command that a test runs, say, forks from the tests' server."""
    before = os.environ[ADDRESS]

    with Prefork():
        assert os.environ[ADDRESS] == before

    assert os.environ[ADDRESS] == before


def test_without_a_server_nothing_is_forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No address, or one where nobody listens any more."""
    (tmp_path / "some.py").write_text("")
    command = [sys.executable, "some.py"]

    monkeypatch.delenv(ADDRESS)
    assert spawn(command, tmp_path, os.environ) is None

    monkeypatch.setenv(ADDRESS, str(tmp_path / "gone"))
    assert spawn(command, tmp_path, os.environ) is None


def test_a_server_that_died_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing fails without it, but somebody should know."""
    monkeypatch.delenv(ADDRESS)
    (tmp_path / "some.py").write_text("")
    prefork = Prefork(eager=False)
    prefork.__enter__()
    assert prefork._server
    prefork._server.kill()
    prefork._server.wait()

    assert spawn([sys.executable, "some.py"], tmp_path, os.environ) is None
    with pytest.warns(UserWarning, match="ended by itself"):
        prefork.__exit__()


def test_a_signal_ends_it_and_shows_in_its_status(script: Callable[[str], list[str]], tmp_path: Path) -> None:
    """Signals reach it, and its client hears which one it died of."""
    process = spawn(script("import time; print('up', flush=True); time.sleep(60)"), tmp_path, os.environ)
    assert process is not None
    assert process.stdout is not None
    process.stdout.readline()

    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert process.poll() is None
    process.terminate()

    assert process.wait(10) == -signal.SIGTERM


def asleep(script: Callable[[str], list[str]], tmp_path: Path, *, lasting: bool) -> tuple[ForkedProcess, int]:
    """A process that sleeps, with a child that sleeps; its client's side and the child's id."""
    said = tmp_path / "said"
    command = script(
        "import subprocess, sys, time\nprint(subprocess.Popen(['sleep', '60']).pid, flush=True)\ntime.sleep(60)\n"
    )
    with said.open("wb") as out, open(os.devnull, "rb") as nothing:
        streams = (nothing.fileno(), out.fileno(), out.fileno())
        process = ask(command, str(tmp_path), os.environ, streams, lasting=lasting)
    assert process is not None
    while not said.read_text().endswith("\n"):
        time.sleep(0.01)
    return process, int(said.read_text())


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds (a zombie has ended)."""
    for _ in range(1000):
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_who_hangs_up_takes_the_process_along(script: Callable[[str], list[str]], tmp_path: Path) -> None:
    """A client that is killed leaves nothing behind: neither its process nor what that had started."""
    process, child = asleep(script, tmp_path, lasting=False)

    process._connection.close()  # what the kernel does for a client that is killed

    assert gone(process.pid)
    assert gone(child)


def test_a_lasting_process_outlives_its_client_and_ends_with_the_server(
    script: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulated account stays when the command that started it is over."""
    monkeypatch.delenv(ADDRESS)
    with Prefork(eager=False):
        process, child = asleep(script, tmp_path, lasting=True)
        process._connection.close()
        # The server has seen the hang-up when it answers somebody else.
        assert finished(script("print(1)"), tmp_path) == (0, "1\n", "")
        os.kill(process.pid, 0)

    assert gone(process.pid)
    assert gone(child)


def test_what_was_imported_once_is_there_the_next_time(memory: Path, tmp_path: Path) -> None:
    """The memory has what a kind of process imported; its next one begins with it, its own modules left out."""
    (tmp_path / "own.py").write_text("")
    (tmp_path / "kind_of_process.py").write_text("import sys\nprint('colorsys' in sys.modules)\nimport colorsys, own\n")
    command = [sys.executable, "-m", "kind_of_process"]

    first, second = finished(command, tmp_path), finished(command, tmp_path)

    assert (first[1], second[1]) == ("False\n", "True\n")
    assert "colorsys" in json.loads(memory.read_text())["kind_of_process"]
    assert "own" not in json.loads(memory.read_text())["kind_of_process"]


def test_a_memory_that_cant_be_read_is_no_memory(memory: Path, tmp_path: Path) -> None:
    """A file that was cut off, and a module that has gone."""
    (tmp_path / "some_kind.py").write_text("import colorsys; print('ran')")
    command = [sys.executable, "-m", "some_kind"]

    memory.write_text('{"some_kind": ["col')
    assert finished(command, tmp_path) == (0, "ran\n", "")

    memory.write_text('{"some_kind": ["module_that_has_gone"]}')
    assert finished(command, tmp_path) == (0, "ran\n", "")


def test_the_executable_is_stood_in_for(memory: Path, tmp_path: Path) -> None:
    """`rehearsal/bin/pulumi` answers the same, forked or not, exit status included."""
    executable = str(Path(__file__).parents[2] / "rehearsal" / "bin" / "pulumi")
    without = {name: value for name, value in os.environ.items() if name != ADDRESS}
    for words in (["version"], ["nonsense"], ["stack", "ls"]):
        usual, forked = (
            subprocess.run([executable, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            for env in (without, dict(os.environ))
        )

        assert (forked.returncode, forked.stdout, forked.stderr) == (usual.returncode, usual.stdout, usual.stderr)
    assert "rehearsal" in json.loads(memory.read_text())


def test_what_is_imported_ahead_hides_no_function_of_its_package(tmp_path: Path) -> None:
    """pulumi_aws's packages are lazy, and have functions and modules of one name."""
    code = (
        "import pulumi_aws as aws\n"
        "from rehearsal.prefork import imports\n"
        "imports.load('pulumi_aws.secretsmanager.get_secret')\n"
        "print(callable(aws.secretsmanager.get_secret))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "True\n"
