"""The account as one WSGI application: every request is identified, done, journalled, and only then answered.

Requests to AWS's services are done one at a time, so that the journal's order is the order in which they happened.
Predictions are the exception: they change nothing and may take long.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from rehearsal.account import answers, bucket_policies, calls, control, keys, private_registries, questions, registry
from rehearsal.account.cloudcontrol.door import CloudControl
from rehearsal.account.errors import JournalError, Refusal
from rehearsal.account.faults import Fault, Faults
from rehearsal.account.frontier import Frontier
from rehearsal.account.functions import Functions
from rehearsal.account.handing_on import answered
from rehearsal.account.inference import deployments
from rehearsal.account.inference.service import Inference
from rehearsal.account.inference.upkeep import Watch
from rehearsal.account.journal import Journal
from rehearsal.account.log import CallLog
from rehearsal.account.moto_services import Moto
from rehearsal.account.quotas import Quotas
from rehearsal.account.recommendations.course import Course
from rehearsal.account.resource_policies import Principal
from rehearsal.account.serving import Serving
from rehearsal.account.sessions import Sessions
from rehearsal.account.sharing import Sharing
from rehearsal.account.shells import Shells
from rehearsal.account.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rehearsal.account.calls import Answer, Call
    from rehearsal.account.clock import Clock
    from rehearsal.account.determinism import Determinism
    from rehearsal.account.listening import Server

# moto would answer these with made-up results.
_NOT_EMULATED = {"InvokeEndpointAsync", "InvokeEndpointWithResponseStream", "InvokeEndpointWithBidirectionalStream"}
_GONE = {"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Date", "Server"}


class Gateway:
    """The emulated account behind a WSGI interface.

    Args:
        account: account id.
        directory: where the account's journal, log and served models lie.
        journal: the account's journal, not yet read.
        clock: its virtual clock.
        determinism: its time and randomness.

    Attributes:
        stop: called when the control API asks the server to stop.
        listener: the server.

    """

    def __init__(
        self,
        account: str,
        directory: Path,
        journal: Journal,
        clock: Clock,
        determinism: Determinism,
    ) -> None:
        self.account = account
        self.directory = directory
        self.journal = journal
        self.clock = clock
        self.determinism = determinism
        self.stop: Callable[[], None] = lambda: None
        self.listener: Server | None = None
        self.faults = Faults()
        self.inference = Inference(account)
        self._lock = Turns()
        self.sharing = Sharing(account)
        self.frontier = Frontier(self.inference, self.sharing, directory, self._lock)
        self.cloud_control = CloudControl(self.inference, self._meet, self.frontier.ask_sagemaker)
        self.shells = Shells(self.inference, determinism)
        self.sessions = Sessions(self.shells)
        self.quotas = Quotas(account)
        self.jobs = Course(self.inference, determinism, self.quotas)
        self.serving = self._served(directory)
        self.functions = Functions(account, directory / "functions", self._function_fails)
        self.log = CallLog(directory / "calls.jsonl")
        self.watch = Watch()
        self.number = 0
        self.mutations = 0
        self.last_request = time.monotonic()
        self.busy = 0
        self.broken: str | None = None
        self._idle_lock = threading.Lock()
        self._moto = Moto(account, determinism)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one HTTP request."""
        self._touch(+1)
        try:
            answer = self._answer(environ)
        finally:
            self._touch(-1)
        if answer.lost:
            # The network takes the answer: what the server writes from here on reaches nobody.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        headers = [(name, value) for name, value in answer.headers if name not in _GONE]
        length = next((value for name, value in answer.headers if name.lower() == "content-length"), None)
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        headers.append(("Content-Length", length if is_head and length else str(len(answer.body))))
        start_response(f"{answer.status} {_PHRASES.get(answer.status, 'Answer')}", headers)
        return [] if is_head else [answer.body]

    def _served(self, directory: Path) -> Serving:
        return Serving(self.inference, directory / "serving", lambda *where: registry.layer(self, *where))

    def become(self, directory: Path) -> None:
        """In a fork: goes on as an account of its own, whose journal and log lie elsewhere."""
        if self.listener is not None:
            self.listener.leave_to_the_original()
        self._lock, self._idle_lock, self.busy = Turns(), threading.Lock(), 0
        self.frontier.neighbours.moved(directory, self._lock.aside)
        self.last_request = time.monotonic()
        self.journal.close()
        self.journal = Journal(directory)
        self.directory = directory
        self.log = CallLog(directory / "calls.jsonl")
        self.serving = self._served(directory)
        self.functions = Functions(self.account, directory / "functions", self._function_fails)

    def _touch(self, more: int) -> None:
        with self._idle_lock:
            self.busy += more
            self.last_request = time.monotonic()

    def _answer(self, environ: dict[str, Any]) -> Answer:
        body = _read(environ)
        if environ.get("PATH_INFO", "").startswith(control.PREFIX):
            return control.answer(self, environ, body)
        return self._answer_call(calls.keep(environ), body, None)

    def _answer_call(self, environ: dict[str, Any], body: bytes, caller: Principal | None) -> Answer:
        """The answer to a call of AWS's; `caller` is somebody of another account, which handed it on."""
        call: Call | None = None
        try:
            call = calls.identify(environ, body)
            call.caller = caller
            if self.broken:
                return calls.refusal_answer(call, Refusal("EmulationFailure", self.broken, 501))
            with self._lock:
                elsewhere = self.frontier.elsewhere(call) if caller is None else None
            if elsewhere is not None:
                return self._hand_on(call, *elsewhere)
            if call.service == "sagemaker" and call.action == "InvokeEndpoint":
                return self._predict(call)
            if self.functions.handles(call):
                return self._invoke(call)
            refused = self._without_credentials(call)
            if refused is not None:
                return refused
            with self._lock:
                return self.perform(call, self.clock.now())
        except Refusal as refusal:
            return calls.refusal_answer(call, refusal)
        except JournalError as error:
            self.broken = str(error)
            return calls.refusal_answer(call, Refusal("EmulationFailure", str(error), 501))
        except Exception as error:  # noqa: BLE001 - what was due at this moment failed, not the call
            traceback.print_exc()
            return calls.refusal_answer(call, answers.failure(call, error, "its trace is in the account's server.log"))

    def perform(self, call: Call, at: float, replayed: dict[str, Any] | None = None) -> Answer:
        """Does a call at a virtual time, and journals it if it changed anything (unless it is being replayed)."""
        if replayed is None:
            self.settle(at)
        self.frontier.neighbours.begin(None if replayed is None else replayed.get("abroad", []))
        fault = self.faults.take(call.service, call.action)
        if call.mutates or fault is not None:
            with self.determinism.seeded(str(self.number), at):
                answer = self._do(call, at, fault)
            digest = hashlib.sha256(answer.body).hexdigest()[:16]
            if replayed is None:
                entry: dict[str, Any] = {"kind": "call", "action": f"{call.service}:{call.action}"}
                entry |= {"request": call.environ, **self.frontier.kept(call)}
                self._append(
                    {**entry, "body": self.journal.store(call.body), "status": answer.status, "sum": digest}, at
                )
            else:
                answers.compare(replayed, answer, digest, self.journal)
            self.number += 1
            self.mutations += call.mutates and answer.status < _REFUSED
        else:
            with self.determinism.unseeded(at):
                answer = self._do(call, at, None)
        if replayed is None:
            self.log.write(call, at, answer, fault)
        answer.lost = fault is not None and fault.loses_answer
        if self.watch.on and call.mutates and answer.status < _REFUSED:
            self.watch.look(self.inference, f"{call.service}:{call.action}", calls.key_parameters(call))
        return answer

    def _do(self, call: Call, at: float, fault: Fault | None) -> Answer:
        try:
            return self._ask(call, at, fault)
        except Refusal as refusal:
            return calls.refusal_answer(call, refusal)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told whose fault it was
            traceback.print_exc()
            return calls.refusal_answer(call, answers.failure(call, error, "its trace is in the account's server.log"))

    def _ask(self, call: Call, at: float, fault: Fault | None) -> Answer:
        if fault is not None and fault.refuses:
            raise answers.by_fault(call.service, call.action, fault, self.account)
        self.functions.authorise(call)
        self.frontier.judge(call, at)
        bucket_policies.check(call)
        if call.action in _NOT_EMULATED:
            raise answers.not_emulated(call)
        if self.inference.handles(call):
            return calls.json_answer(self.inference.answer(call, at, fault))
        if self.quotas.handles(call):
            return calls.json_answer(self.quotas.answer(call))
        if self.sessions.handles(call):
            return calls.json_answer(self.sessions.answer(call, at))
        if self.sharing.handles(call):
            return calls.json_answer(self.sharing.answer(call, at))
        if self.cloud_control.handles(call):
            return calls.json_answer(self.cloud_control.answer(call, at))
        described = self._describe_type(call)
        if described is not None:
            return described
        return registry.answer(self, call) or self.ask_moto(call)

    def _meet(self, service: str, action: str) -> None:
        """Lets a fault hit a call that one emulated service makes to another."""
        fault = self.faults.take(service, action)
        if fault is not None and fault.refuses:
            raise answers.by_fault(service, action, fault, self.account)

    def _describe_type(self, call: Call) -> Answer | None:
        if (call.service, call.action) != ("cloudformation", "DescribeType"):
            return None
        name = call.parameters.get("TypeName") or str(call.parameters.get("Arn", "")).rpartition("/")[2]
        described = self.cloud_control.describe_type(name.replace("-", "::"))
        return None if described is None else calls.query_answer(call, described)

    def ask_moto(self, call: Call) -> Answer:
        """Moto's answer to a call; raises Refusal where moto has no answer or fails."""
        return self._moto.ask(call)

    def _predict(self, call: Call) -> Answer:
        with self._lock:
            at = self.clock.now()
            self.settle(at)
            fault = self._met(call.service, call.action, at)
            target = None
            try:
                if fault is not None:
                    raise answers.by_fault(call.service, call.action, fault, self.account)
                target = self.serving.target(call)
            except Refusal as refusal:
                answer = calls.refusal_answer(call, refusal)
        if target is not None:
            try:
                answer = self.serving.predict(target, call)
            except Refusal as refusal:
                answer = calls.refusal_answer(call, refusal)
        self.log.write(call, at, answer, fault)
        return answer

    def _invoke(self, call: Call) -> Answer:
        """A function's answer. Its own calls come in meanwhile, so the account goes on."""
        with self._lock:
            at = self.clock.now()
            self.settle(at)
            fault = self._met(call.service, call.action, at)
        try:
            if fault is not None:
                raise answers.by_fault(call.service, call.action, fault, self.account)
            with self._lock:
                ready = self.functions.ready(call)
            answer = self.functions.answer(ready, call.body, call.environ["HTTP_HOST"])
        except Refusal as refusal:
            answer = calls.refusal_answer(call, refusal)
        self.log.write(call, at, answer, fault)
        return answer

    def _function_fails(self) -> bool:
        """Whether a fault hits a function that is about to run; that it did is journalled, as its run isn't."""
        with self._lock:
            return self._met("lambda", "the function", self.clock.now()) is not None

    def _met(self, service: str, action: str, at: float) -> Fault | None:
        """The fault that hits a call which isn't journalled itself; that it did is."""
        fault = self.faults.take(service, action)
        if fault is not None:
            self._append({"kind": "control", "verb": "consume", "body": {"name": fault.name}}, at)
        return fault

    def _without_credentials(self, call: Call) -> Answer | None:
        """A refusal of CreateModel when the function that is to tell a registry's credentials doesn't tell them."""
        if (call.service, call.action) != ("sagemaker", "CreateModel"):
            return None
        refused = private_registries.ask_providers(self.functions, call)
        if refused is None:
            return None
        answer = calls.refusal_answer(call, refused)
        self.log.write(call, self.clock.now(), answer, None)
        return answer

    def settle(self, at: float) -> None:
        """Lets happen what is due; that it was seen is journalled, so that a status never goes back."""
        self.frontier.neighbours.begin()
        if self._happen(at):
            self._append({"kind": "tick", **self.frontier.abroad()}, at)
            if self.watch.on:
                self.watch.look(self.inference, "time", {})

    def _happen(self, at: float) -> bool:
        expired = keys.expire(self.account, at)
        moved = deployments.settle(self.inference, at)
        moved = self.jobs.settle(at) or moved
        return self.shells.settle(at) or moved or expired

    def control(self, verb: str, body: dict[str, Any]) -> Any:
        """Does a control request that changes the account, and journals it."""
        with self._lock:
            at = self.clock.now()
            self.settle(at)
            self.frontier.neighbours.begin()
            with self.determinism.seeded(f"control-{self.number}", at):
                result = control.act(self, verb, body, at)
            self._append({"kind": "control", "verb": verb, "body": body, **self.frontier.abroad()}, at)
            if verb == "clock":
                self.settle(self.clock.now())
            return result

    def _hand_on(self, call: Call, account: str, belongs: bool) -> Answer:
        """Another account's answer to a call; what the caller's own account says of it comes first."""
        caller, fault = None, None
        with self._lock:
            at = self.clock.now()
            if not belongs:
                self.settle(at)
                fault = self._met(call.service, call.action, at)
                if fault is not None and fault.refuses:
                    raise answers.by_fault(call.service, call.action, fault, self.account)
                caller = self.frontier.judge_own(call, at)
        answer = self.frontier.hand_on(call, account, caller)
        answer.lost = fault is not None and fault.loses_answer
        self.log.write(call, at, answer, fault)
        return answer

    def forwarded(self, body: dict[str, Any], host: str) -> dict[str, Any]:
        """The answer to a call that another account hands on, as it is told that account."""
        caller = Principal(**body["caller"]) if body.get("caller") else None
        environ = {**body["environ"], "HTTP_HOST": host}
        return answered(self._answer_call(environ, base64.b64decode(body["body"]), caller))

    def asked(self, body: dict[str, Any]) -> Any:
        """The answer to another account's question; also while a call here waits for that account."""
        with self._lock.glance(), self.determinism.seeded("asked", self.clock.now()):
            here = questions.Asking(self.inference, self.sharing, lambda *where: registry.layer(self, *where))
            return questions.answer(here, body)

    def read(self, what: Callable[[], Any]) -> Any:
        """Reads the account while nothing else happens to it, at the present virtual time."""
        with self._lock:
            at = self.clock.now()
            self.settle(at)
            self.frontier.neighbours.begin()
            with self.determinism.unseeded(at):
                return what()

    def _append(self, entry: dict[str, Any], at: float) -> None:
        self.journal.append({**entry, "at": at, "number": self.number})

    def replay(self, entries: list[dict[str, Any]]) -> None:
        """Does all journalled entries again; raises JournalError when one comes out differently."""
        for entry in entries:
            self.number = entry["number"]
            at = entry["at"]
            self.clock.set(at)
            self.frontier.neighbours.begin(entry.get("abroad", []) if entry["kind"] == "tick" else [])
            self._happen(at)
            if entry["kind"] == "call":
                body = self.journal.load(entry["body"])
                call = calls.identify(entry["request"], body)
                call.caller = Principal(**entry["caller"]) if entry.get("caller") else None
                self.perform(call, at, entry)
            elif entry["kind"] == "control":
                self.frontier.neighbours.begin(entry.get("abroad", []))
                with self.determinism.seeded(f"control-{self.number}", at):
                    control.act(self, entry["verb"], entry["body"], at)
            elif entry["kind"] != "tick":
                raise JournalError(f"{self.journal.path} has an entry of the unknown kind {entry['kind']!r}")

    def close(self) -> None:
        """Stops what serves predictions and closes the journal, leaving the time in it."""
        self.serving.close()
        self.functions.close()
        with self._lock:
            if not self.broken and self.directory.exists():
                self._append({"kind": "tick"}, self.clock.now())
            self.journal.close()
            self.log.close()


_PHRASES = {
    200: "OK",
    204: "No Content",
    206: "Partial Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
}


def _read(environ: dict[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))


_REFUSED = 400  # the first status that is no success
