"""Starting, finding and steering an emulated account from another process."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from rehearsal.account.errors import AccountError, UnknownFault
from rehearsal.account.server import HOST, INTERPRETER, directory_of
from rehearsal.prefork.process import ForkedProcess, ask

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 60.0

# Accounts that this process started; they outlive it, but if they end before it they are to be waited for.
_started: dict[int, subprocess.Popen[bytes] | ForkedProcess] = {}


@dataclass(frozen=True)
class Account:
    """A running emulated account.

    Attributes:
        id: account id.
        directory: where it lies (`journal.jsonl`, `calls.jsonl`, `server.log`).
        port: its port on loopback.
        pid: its process.

    """

    id: str
    directory: Path
    port: int
    pid: int

    @property
    def url(self) -> str:
        """The endpoint URL for every client of AWS (`AWS_ENDPOINT_URL`)."""
        return f"http://{HOST}:{self.port}"

    def control(self, verb: str, **body: Any) -> Any:
        """Asks the control API: GET without arguments where it reads, POST else; raises AccountError on a refusal."""
        reads = verb in ("health", "calls", "dump", "examine", "breaches") or (verb in ("faults", "clock") and not body)
        query = "?" + "&".join(f"{name}={value}" for name, value in body.items()) if reads and body else ""
        status, text = self._request("GET" if reads else "POST", f"/_rehearsal/{verb}{query}", None if reads else body)
        answer = json.loads(text)
        if status != 200:  # noqa: PLR2004
            kind = UnknownFault if verb == "faults" else AccountError
            raise kind(answer.get("error", text))
        return answer

    def arm(self, fault: str, count: int = 1) -> None:
        """Arms a fault by name for the next `count` calls it matches; raises UnknownFault, listing the known ones."""
        self.control("faults", name=fault, count=count)

    def disarm(self) -> None:
        """Takes all armed faults back."""
        self.control("disarm")

    def faults(self) -> list[dict[str, Any]]:
        """The armed faults: name and count."""
        return list(self.control("faults")["armed"])

    def now(self) -> float:
        """The virtual time, in seconds since 1970-01-01 UTC."""
        return float(self.control("clock")["now"])

    def advance(self, seconds: float) -> float:
        """Moves the virtual clock forward and returns the new time."""
        return float(self.control("clock", advance=seconds)["now"])

    def set_speed(self, speed: float) -> None:
        """Virtual seconds a real second; 0 makes the clock stand still but for `advance`."""
        self.control("clock", speed=speed)

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """The log of calls after the first `after` ones: at, service, action, region, parameters, result, fault."""
        return list(self.control("calls", after=after))

    def dump(self) -> str:
        """Canonical JSON of the account's resources: sorted, without dates and other volatile things."""
        return self._request("GET", "/_rehearsal/dump", None)[1]

    def fingerprint(self) -> str:
        """SHA-256 (hex) of `dump()`."""
        return hashlib.sha256(self.dump().encode()).hexdigest()

    def patch(self, endpoints: list[str] | None = None, seconds: float = 0.0) -> list[dict[str, Any]]:
        """Lets AWS patch all endpoints (or those named): whatever lacks something that it needs breaks.

        Returns one dict an endpoint: endpoint, status, problems. `seconds` is how long sound ones are SystemUpdating.
        """
        return list(self.control("patch", endpoints=endpoints, seconds=seconds))

    def replace_instance(self, endpoint: str, variant: str | None = None) -> dict[str, Any]:
        """Lets AWS replace one instance of an endpoint (of its first variant unless told), as if it were unhealthy.

        Returns endpoint, variant, status, problems. Raises AccountError when there is no such endpoint or variant, or
        when it isn't in service.
        """
        return dict(self.control("replace", endpoint=endpoint, variant=variant))

    def scale(self, endpoint: str, variant: str, count: int) -> dict[str, Any]:
        """Lets autoscaling act now: the variant is brought to so many instances, as its load would have it.

        Raises AccountError when autoscaling couldn't: no target, a count outside it, an endpoint not in service.
        """
        return dict(self.control("scale", endpoint=endpoint, variant=variant, count=count))

    def set_quota(self, instance_type: str, value: float, *, region: str) -> dict[str, Any]:
        """Applies the quota "<instance type> for endpoint usage" of a region, and returns it as Service Quotas does.

        Raises AccountError for a type that SageMaker hasn't.
        """
        return dict(self.control("quota", instance_type=instance_type, value=value, region=region))

    def examine(self) -> list[dict[str, Any]]:
        """What a patch would find now of every endpoint that serves, without any of it happening.

        Returns one dict an endpoint: endpoint (ARN), name, status, problems (kind, resource, reason).
        """
        return list(self.control("examine"))

    def watch(self, *, on: bool = True) -> None:
        """Lets the account examine itself after everything that happens, for `breaches`."""
        self.control("watch", on=on)

    def breaches(self, after: int = 0) -> list[dict[str, Any]]:
        """What took something away from an endpoint that serves while it was watched, after the first `after` ones.

        Returns one dict each: cause (the call, or `time`), parameters, endpoint, status, kind, resource, reason.
        """
        return list(self.control("breaches", after=after))

    def fork(self, home: Path, *, idle_minutes: float = 15.0, port: int = 0) -> Account:
        """A copy of the account as it is now, running under another home; neither sees what the other does next.

        It listens at `port`; 0 takes any. Raises AccountError when there is an account of that id already, or the copy
        doesn't come up (the port is in use).
        """
        made = self.control("fork", home=str(home), idle_minutes=idle_minutes, port=port)
        return Account(self.id, directory_of(self.id, home), made["port"], made["pid"])

    def compact(self) -> dict[str, Any]:
        """Packs the account's journal: a snapshot, and what comes after it. Nothing of the account changes.

        An account that starts with a long journal does so by itself. Raises AccountError when it holds something that
        a snapshot can't keep.
        """
        return dict(self.control("compact"))

    def health(self) -> dict[str, Any]:
        """Account id, pid, virtual time, number of mutations, and notes about repairs."""
        return dict(self.control("health"))

    def stop(self, timeout: float = 20.0) -> None:
        """Stops the account's process and waits until it is gone; its journal stays. Stopping twice does no harm."""
        try:
            self._request("POST", "/_rehearsal/stop", {})
        except AccountError:
            if _written(self.directory).get("pid") == self.pid and _alive(self.pid):
                os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while _alive(self.pid):
            if time.monotonic() > deadline:
                raise AccountError(f"account {self.id} (process {self.pid}) did not stop within {timeout:g} s")
            time.sleep(0.01)

    def _request(self, method: str, path: str, body: Any) -> tuple[int, str]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise AccountError(
                f"account {self.id} does not answer at {self.url} ({error}); its log is {self.directory / 'server.log'}"
            ) from error
        finally:
            connection.close()


def ensure(account_id: str, home: Path, *, idle_minutes: float | None = None, speed: float | None = None) -> Account:
    """The running account of that id, started if it isn't running; safe to call from several processes at once.

    Args:
        account_id: AWS account id, twelve digits.
        home: directory under which accounts lie (`<home>/accounts/<id>`).
        idle_minutes: how long it stays without requests before it stops itself (default 15).
        speed: virtual seconds a real second, for an account that is new (default 200).

    Raises:
        AccountError: when the id is malformed or the process doesn't come up; the message has the end of its log.

    """
    directory = directory_of(account_id, home)
    found = _find(account_id, directory)
    if found is not None:
        return found
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(directory / "start.lock"):
        found = _find(account_id, directory)
        return found if found is not None else _launch(account_id, home, directory, idle_minutes, speed)


def _find(account_id: str, directory: Path) -> Account | None:
    """The account that server.json names, if it answers and is the right one."""
    written = _written(directory)
    try:
        account = Account(account_id, directory, int(written["port"]), int(written["pid"]))
        health = account.health()
    except (ValueError, KeyError, AccountError):
        return None  # not running: never started, stopped, or killed
    return account if health["account"] == account_id and health["pid"] == account.pid else None


def _written(directory: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((directory / "server.json").read_text()))
    except (OSError, ValueError):
        return {}  # no server has announced itself


def _alive(pid: int) -> bool:
    """Whether a process exists; one of our own that has ended is waited for, so that it doesn't stay as a zombie."""
    process = _started.get(pid)
    if process is not None:
        if process.poll() is None:
            return True
        del _started[pid]
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _launch(account_id: str, home: Path, directory: Path, idle_minutes: float | None, speed: float | None) -> Account:
    command = [sys.executable, "-m", "rehearsal.account", "--id", account_id, "--home", str(home)]
    command += [] if idle_minutes is None else ["--idle", str(idle_minutes)]
    command += [] if speed is None else ["--speed", str(speed)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    environment |= INTERPRETER
    log = directory / "server.log"
    with log.open("ab") as output, open(os.devnull, "rb") as nothing:
        streams = (nothing.fileno(), output.fileno(), output.fileno())
        process = ask(command, os.getcwd(), environment, streams, lasting=True) or subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    _started[process.pid] = process
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = _find(account_id, directory)
        if found is not None and found.pid == process.pid:
            return found
        if process.poll() is not None:
            raise AccountError(f"account {account_id} could not be started:\n{_tail(log)}")
        time.sleep(0.02)
    process.terminate()
    process.wait()
    raise AccountError(
        f"account {account_id} did not start within {START_SECONDS:g} s; the end of {log}:\n{_tail(log)}"
    )


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:])
