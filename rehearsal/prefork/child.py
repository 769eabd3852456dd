"""From a fork of the server to the process that was asked for."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import runpy
import shutil
import signal
import sys
import threading
import time
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from rehearsal.prefork import imports, kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

SIGNIFICANT = (
    "PYTHON", "LC_", "LANG", "GRPC_PYTHON_", "GRPC_ENABLE_FORK_SUPPORT", "MALLOC_", "LD_", "MOTO_", "S3_IGNORE_",
)  # fmt: skip
"""Variables that an interpreter, or a package while it is imported, reads once: they can't be changed by a fork."""

_FIRST_LINE = 128
_OWN_WAY = frozenset({"PYTHONUNBUFFERED"})


class NotLikeThisError(ValueError):
    """Raised for a command that a fork of this process can't be."""


@dataclass(frozen=True)
class Request:
    """A process that was asked for. `kind`: what its like is remembered by (see `kinds`)."""

    kind: str
    module: str | None
    script: str | None
    arguments: list[str]
    safe_path: bool
    unbuffered: bool
    cwd: str
    environment: dict[str, str]
    lasting: bool

    @classmethod
    def read(cls, message: dict[str, Any]) -> Request:
        """The request of a message. Raises NotLikeThisError."""
        environment = dict(message["environment"])
        command = _interpreted(list(message["command"]), environment)
        if not _ours(command[0]):
            raise NotLikeThisError(f"{command[0]} isn't {sys.executable}")
        for name in {*environment, *os.environ}:
            if name.startswith(SIGNIFICANT) and name not in _OWN_WAY and environment.get(name) != os.environ.get(name):
                raise NotLikeThisError(f"{name} differs")
        flags: set[str] = set()
        rest = command[1:]
        while rest and rest[0] in ("-u", "-P"):
            flags.add(rest.pop(0))
        module = script = None
        if len(rest) > 1 and rest[0] == "-m":
            module, arguments = rest[1], rest[2:]
        elif rest and not rest[0].startswith("-"):
            script, arguments = os.path.join(message["cwd"], rest[0]), rest[1:]
        else:
            raise NotLikeThisError(f"neither a module nor a script: {rest[:1]}")
        kind = message.get("kind") or module or kinds.of_script(script or "", arguments)
        return cls(
            kind=kind, module=module, script=script, arguments=arguments,
            safe_path="-P" in flags, unbuffered="-u" in flags or bool(environment.get("PYTHONUNBUFFERED")),
            cwd=message["cwd"], environment=environment, lasting=bool(message.get("lasting")),
        )  # fmt: skip


def _interpreted(command: list[str], environment: dict[str, str]) -> list[str]:
    """The command of a Python script that is executable: with the interpreter that its first line finds."""
    try:
        with open(command[0], "rb") as file:
            first = file.readline(_FIRST_LINE)
    except OSError:
        return command
    words = first.decode(errors="replace").removeprefix("#!").split()
    if not first.startswith(b"#!") or words[:1] != ["/usr/bin/env"] or words[1:] not in (["python3"], ["python"]):
        return command
    found = shutil.which(words[1], path=environment.get("PATH", os.defpath))
    return [found, *command] if found else command


def _ours(python: str) -> bool:
    """Whether it is this interpreter in this virtual environment, by whatever name."""
    here, there = (os.path.realpath(os.path.dirname(os.path.abspath(path))) for path in (sys.executable, python))
    return here == there and os.path.realpath(python) == os.path.realpath(sys.executable)


def become(request: Request, names: list[str], streams: list[int]) -> NoReturn:
    """Turn this process into the one that was asked for, run it to its end, and end; `names`: of modules it needed."""
    _settle(request, streams)
    count = len(sys.modules)

    def remember() -> None:
        imports.remember(request.kind, names, count)

    _when_ended(remember)
    status = 0
    try:
        _run(request)
    except SystemExit as end:
        status = _status(end)
    except BaseException as error:  # noqa: BLE001  # shown as the interpreter shows what nobody caught
        _show(error)
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  # waits for threads, as the interpreter does
    remember()
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more, or the program closed it
            stream.flush()
    # Taking thousands of shared modules apart would copy all of them first.
    os._exit(status)


def _status(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return (end.code or 0) & 0xFF
    sys.stderr.write(f"{end.code}\n")
    return 1


def _settle(request: Request, streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8", closefd=False)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _written(1, "strict", at_once=request.unbuffered)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _written(2, "backslashreplace", at_once=request.unbuffered)  # type: ignore[misc]


def _written(number: int, errors: str, *, at_once: bool) -> io.TextIOWrapper:
    """A standard stream as Python makes it: by lines where a person reads and for complaints, else in blocks."""
    raw = os.fdopen(number, "wb", buffering=0 if at_once else -1, closefd=False)
    lines = number == 2 or os.isatty(number)  # noqa: PLR2004  # standard error
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, line_buffering=lines, write_through=at_once)


def _when_ended(remember: Callable[[], None]) -> None:
    """A server of plug-ins knows no end but SIGTERM: what it imported is remembered then."""

    def end(number: int, _frame: FrameType | None) -> None:
        remember()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)


_MOST_SCRIPTS = 64
_compiled: dict[tuple[str, int, int], types.CodeType] = {}


def compiled(script: str) -> types.CodeType:
    """The code of a script; kept, so that a fork of a process that asked for it has it already."""
    there = os.stat(script)
    key = (script, there.st_mtime_ns, there.st_size)
    if key not in _compiled:
        if len(_compiled) >= _MOST_SCRIPTS:
            _compiled.clear()
        with io.open_code(script) as file:
            _compiled[key] = compile(file.read(), script, "exec")
    return _compiled[key]


def _run(request: Request) -> None:
    sys.argv = [request.script or request.module or "", *request.arguments]
    if request.module:
        if not request.safe_path:
            sys.path.insert(0, request.cwd)
        runpy.run_module(request.module, run_name="__main__", alter_sys=True)
        return
    assert request.script  # noqa: S101  # for the type checker: one of the two is there
    if not request.safe_path:
        sys.path.insert(0, os.path.dirname(request.script))
    code = compiled(request.script)
    main = types.ModuleType("__main__")
    main.__file__ = request.script
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    exec(code, main.__dict__)  # noqa: S102  # the program that was asked for


def _show(error: BaseException) -> None:
    """The traceback as it would be without a fork: from behind the last frame of this package on."""
    here = os.path.dirname(__file__)
    trace = frame = error.__traceback__
    while frame is not None:
        if os.path.dirname(frame.tb_frame.f_code.co_filename) == here:
            trace = frame.tb_next
        frame = frame.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
