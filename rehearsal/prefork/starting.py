"""Starting the server, for as long as somebody has use for it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rehearsal.prefork.process import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Prefork:
    """While entered, rehearsals of this process and of its children fork from one server (see the package).

    Where one is open already, it is used, unless variables ask for another.

    Args:
        eager: whether everything that a command needs is imported at once, or for each kind when it is asked for.
        variables: of the environment, for what asks for an interpreter that was started with them.

    """

    def __init__(self, *, eager: bool = True, variables: Mapping[str, str] | None = None) -> None:
        self._arguments = ["eager"] if eager else []
        self._variables = dict(variables or {})
        self._server: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._before: str | None = None

    @property
    def _complaints(self) -> Path:
        return Path(self._folder) / "complaints"

    def __enter__(self) -> Self:
        open_already = bool(os.environ.get(ADDRESS)) and not self._variables
        if sys.platform != "linux" or open_already:
            return self
        self._folder = tempfile.mkdtemp(prefix="rehearsal-")
        address = str(Path(self._folder) / "prefork")
        with socket.socket(socket.AF_UNIX) as listener, self._complaints.open("wb") as complaints:
            listener.bind(address)
            listener.listen(64)
            command = [sys.executable, "-P", "-m", "rehearsal.prefork", str(listener.fileno()), *self._arguments]
            self._server = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints,
                pass_fds=(listener.fileno(),), start_new_session=True, env={**os.environ, **self._variables},
            )  # fmt: skip
        self._before = os.environ.get(ADDRESS)
        os.environ[ADDRESS] = ":".join(filter(None, [self._before, address]))
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is None:
            return
        if self._before is None:
            os.environ.pop(ADDRESS, None)
        else:
            os.environ[ADDRESS] = self._before
        assert self._server.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        if self._server.poll() is not None:
            said = self._complaints.read_text(errors="replace")[-1000:]
            warnings.warn(
                f"the rehearsal's prefork server ended by itself; runs only took longer: {said}", stacklevel=2
            )
        self._server.stdin.close()
        self._server.wait()
        self._server = None
        shutil.rmtree(self._folder)
