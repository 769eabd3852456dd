"""StartSession, TerminateSession, ResumeSession, DescribeSessions with containers of endpoints as targets.

No shell is opened: what is emulated is who may, what can be reached, and what is logged. Sources: the operations'
pages in the API reference (TargetNotConnected, DoesNotExistException, InvalidDocument); "Access containers through SSM"
(which containers can't be reached); "Sample IAM policies for Session Manager" (session ARNs, the tag
`aws:ssmmessages:session-id`, SessionDocumentAccessCheck).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account import callers, shapes
from rehearsal.account.errors import Refusal
from rehearsal.account.holdings import image_reference, partition
from rehearsal.account.shells import containers, target_id

if TYPE_CHECKING:
    from rehearsal.account.calls import Call
    from rehearsal.account.inference.records import Endpoint, Model, Variant
    from rehearsal.account.shells import Shells

_TARGET = re.compile(r"sagemaker-endpoint:(?P<endpoint>[^_]+)_(?P<variant>[^_]+)_(?P<instance>i-[0-9a-f]+)(_.+)?")
# "Docker Registry Paths and Example Code": some repositories of built-in algorithms.
_BUILT_IN = re.compile(r"(blazingtext|image-classification|kmeans|knn|linear-learner|pca|(sagemaker-)?xgboost)")


@dataclass
class Session:
    """A session: who started it, to which target, and whether it was ended."""

    id: str
    arn: str
    target: str
    owner: str
    user_id: str
    document: str
    started: float
    ended: float | None = None


@dataclass
class Reached:
    """A container that a target id leads to."""

    endpoint: Endpoint
    variant: Variant
    instance: str
    container: str


class Sessions:
    """The sessions of one account.

    Args:
        shells: the instances that there are to connect to.

    """

    def __init__(self, shells: Shells) -> None:
        self.shells = shells
        self.account = shells.inference.account
        self.sessions: dict[str, Session] = {}

    def handles(self, call: Call) -> bool:
        """Whether an operation is answered here rather than by moto."""
        return call.service == "ssm" and call.action in _OPERATIONS

    def answer(self, call: Call, at: float) -> dict[str, Any]:
        """Does a call and returns its output; raises Refusal in AWS's words."""
        shapes.check("ssm", call.action, call.parameters)
        return _OPERATIONS[call.action](self, call, at)

    def start(self, call: Call, at: float) -> dict[str, Any]:
        """StartSession: authorised for endpoint and document, answered with what the AWS CLI's plug-in wants.

        Source: StartSession (Systems Manager API reference).
        """
        from moto.moto_api._internal import mock_random

        target, document = call.parameters["Target"], call.parameters.get("DocumentName") or ""
        found = _TARGET.fullmatch(target)
        if found is None:
            raise Refusal(
                "NotImplemented",
                f"the emulated account starts sessions with containers of endpoints only, not with {target!r}. This is "
                "a gap of the rehearsal, not an answer of AWS's.",
                501,
            )
        caller = callers.of(call, self.account)
        endpoints = self.shells.inference.endpoints(call.region)
        endpoint = endpoints.get(found["endpoint"])
        caller.require(
            "ssm:StartSession", self._arn(call.region, "sagemaker", f"endpoint/{found['endpoint'].lower()}"), at
        )
        if document or caller.checks_documents:
            named = document or "SSM-SessionManagerRunShell"
            caller.require("ssm:StartSession", self._arn(call.region, "ssm", f"document/{named}"), at)
        content = self._document(document, call.region)
        reached = self._reach(endpoint, found["variant"], found["instance"], target)
        if reached is None:
            raise Refusal("TargetNotConnected", f"{target} is not connected.")
        name = f"{caller.name}-{mock_random.get_random_hex(17)}"
        session = Session(
            id=name,
            arn=self._arn(call.region, "ssm", f"session/{name}"),
            target=target,
            owner=caller.arn,
            user_id=caller.user_id,
            document=document,
            started=at,
        )
        self.sessions[name] = session
        self._log(reached, session, content, at)
        return {
            "SessionId": name,
            "TokenValue": mock_random.get_random_hex(64),
            "StreamUrl": f"wss://ssmmessages.{call.region}.amazonaws.com/v1/data-channel/{name}?role=publish_subscribe",
        }

    def _document(self, name: str, region: str) -> dict[str, Any]:
        from moto.ssm.models import ssm_backends

        if not name:
            return {}
        held = ssm_backends[self.account][region]._documents.get(name)  # noqa: SLF001 - moto has no other list
        if held is None:
            raise Refusal("InvalidDocument", f"Document with name {name} does not exist.")
        default = held.get_default_version()
        if default.document_type != "Session":
            raise Refusal("InvalidDocument", f"Document with name {name} is no session document.")
        content = json.loads(default.content) if default.document_format == "JSON" else {}
        return dict(content.get("inputs") or {})

    def _reach(self, endpoint: Endpoint | None, variant_name: str, instance: str, target: str) -> Reached | None:
        """The container that a target id leads to, when a session can be opened there."""
        running = self.shells.running.get(endpoint.arn) if endpoint is not None else None
        if endpoint is None or running is None or instance not in running.instances.get(variant_name, []):
            return None
        variant = next(each for each in running.fleet.variants if each.name == variant_name)
        model = variant.model
        if (
            model is None
            or model.definition.get("EnableNetworkIsolation")
            or self.shells.unreachable(endpoint, variant)
        ):
            return None
        for number, container in enumerate(containers(model)):
            if target == target_id(endpoint, variant, instance, container) and self._open(model, number):
                return Reached(endpoint, variant, instance, container)
        return None

    def _open(self, model: Model, number: int) -> bool:
        """Not for images of built-in algorithms (in AWS's registries), nor for models from AWS Marketplace."""
        container = model.containers[number]
        image = image_reference(container.get("Image") or "")
        if image is None or image.account == self.account:
            return not container.get("ModelPackageName")
        return _BUILT_IN.fullmatch(image.repository.rpartition("/")[2]) is None

    def _log(self, reached: Reached, session: Session, inputs: dict[str, Any], at: float) -> None:
        """The agent's line, and a stream for what is typed where the session's document asks for one."""
        from moto.logs.models import logs_backends

        said = f"session {session.id} started by {session.owner}"
        self.shells.write(reached.endpoint, reached.variant, reached.instance, reached.container, said, at)
        group_name = inputs.get("cloudWatchLogGroupName")
        groups = logs_backends[self.account][reached.endpoint.region].groups
        if group_name in groups:
            groups[group_name].create_log_stream(session.id)

    def terminate(self, call: Call, at: float) -> dict[str, Any]:
        """TerminateSession: for those who may end this session.

        Source: TerminateSession (Systems Manager API reference).
        """
        session = self._owned(call, at, "ssm:TerminateSession")
        session.ended = session.ended or at
        return {"SessionId": session.id}

    def resume(self, call: Call, at: float) -> dict[str, Any]:
        """ResumeSession: a session that was ended can't be resumed.

        Source: ResumeSession (Systems Manager API reference).
        """
        session = self._owned(call, at, "ssm:ResumeSession")
        if session.ended is not None:
            raise Refusal("DoesNotExistException", f"Session {session.id} is terminated.")
        return {"SessionId": session.id}

    def _owned(self, call: Call, at: float, action: str) -> Session:
        name = call.parameters["SessionId"]
        session = self.sessions.get(name)
        arn = session.arn if session else self._arn(call.region, "ssm", f"session/{name}")
        tags = {"ssm:resourceTag/aws:ssmmessages:session-id": session.user_id} if session else {}
        callers.of(call, self.account).require(action, arn, at, tags)
        if session is None:
            raise Refusal("DoesNotExistException", f"Session {name} does not exist.")
        return session

    def describe(self, call: Call, _: float) -> dict[str, Any]:
        """DescribeSessions: Active or History. Source: DescribeSessions (Systems Manager API reference)."""
        active = call.parameters["State"] == "Active"
        return {
            "Sessions": [
                {
                    "SessionId": each.id,
                    "Target": each.target,
                    "Status": "Connected" if each.ended is None else "Terminated",
                    "Owner": each.owner,
                    "StartDate": each.started,
                    **({"DocumentName": each.document} if each.document else {}),
                    **({"EndDate": each.ended} if each.ended is not None else {}),
                }
                for each in self.sessions.values()
                if (each.ended is None) == active
            ]
        }

    def _arn(self, region: str, service: str, resource: str) -> str:
        return f"arn:{partition(region)}:{service}:{region}:{self.account}:{resource}"


_OPERATIONS = {
    "StartSession": Sessions.start,
    "TerminateSession": Sessions.terminate,
    "ResumeSession": Sessions.resume,
    "DescribeSessions": Sessions.describe,
}
