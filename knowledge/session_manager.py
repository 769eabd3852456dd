"""Access to containers through Session Manager, as AWS names it: target ids, log groups, prefixes, actions, documents.

Sources: "Access containers through SSM" (SageMaker Developer Guide, ssm-access), ProductionVariant.EnableSSMAccess (API
reference); "Log groups and streams that Amazon SageMaker AI sends to Amazon CloudWatch Logs" (logging-cloudwatch);
"Sample IAM policies for Session Manager" (Systems Manager User Guide, getting-started-restrict-access-quickstart),
"Start a session with a document" (getting-started-specify-session-document), "Session document schema"
(session-manager-schema), "Logging session activity" (session-manager-logging), "Improve the security of EC2 instances
by using VPC endpoints for Systems Manager" (setup-create-vpc).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.permissions import Need

if TYPE_CHECKING:
    import datetime as dt

AGENT_ACTIONS = tuple(
    f"ssmmessages:{action}"
    for action in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
)
"""What the SSM agent, which runs under the execution role, must be allowed to do (ssm-access)."""

LOG_GROUP_PREFIXES = ("/aws/sagemaker/Endpoints/", "/aws/sagemaker/endpoints/")
"""Both spellings of an endpoint's log group: the page on logging has the first, the page on SSM access the second.
Names of log groups are told apart by case, so both are made, and both are read."""

COST = (
    "The endpoint's performance may suffer, and SageMaker puts off security patches and the replacement of faulty "
    "instances by up to a day, instead of 10 minutes."
)
"""What AWS warns of on the same page, for plans and reports."""

PATCHED_WITHIN = "10 minutes"
PUT_OFF_BY = "a day"

INTERFACE_SERVICES = ("ssm", "ssmmessages", "ec2messages", "logs")
"""Services that the agent reaches through interface endpoints in a VPC without a way out (setup-create-vpc): the three
of Session Manager's, and `logs` because sessions are written to CloudWatch Logs."""

WITHOUT_EC2MESSAGES = frozenset(("ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1"))
"""Regions that have no `ec2messages` (those launched since 2024; agents from 3.3.40.0 on don't need it)."""

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # EndpointName, VariantName, ContainerHostname (API reference)
INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")
_DEFAULT_CONTAINER = re.compile(r"container_[0-9]+")
_LONGEST_TARGET = 400  # StartSession, Target
_TARGET = re.compile(
    r"sagemaker-endpoint:(?P<endpoint>[a-zA-Z0-9-]+)_(?P<variant>[a-zA-Z0-9-]+)_(?P<instance>i-[0-9a-f]+)"
    r"(?:_(?P<container>[a-zA-Z0-9-]+|container_[0-9]+))?(?![a-zA-Z0-9_-])"
)
_STREAM = re.compile(rf"(?P<variant>{NAME.pattern})/(?P<instance>{INSTANCE.pattern})/ssm")
_PREFIXED = re.compile(r"\[sagemaker ssm logs\]\s*\[(?P<container>[^\]]+)\]\s?(?P<text>.*)", re.DOTALL)


class TargetError(ValueError):
    """A name that a target id can't carry; the message says which, and what such a name may be."""


@dataclass(frozen=True, order=True)
class Target:
    """What a session is opened to: one container of one instance. `container` is empty where there is only one."""

    endpoint: str
    variant: str
    instance: str
    container: str = ""

    def __str__(self) -> str:
        """
        The target id, in the form with a container's name or in that without.

        Raises TargetError for a name that it can't carry: the parts are joined by `_`.
        """
        for kind, name in (("endpoint", self.endpoint), ("variant", self.variant)):
            if not NAME.fullmatch(name):
                raise TargetError(_unfit(kind, name))
        if not INSTANCE.fullmatch(self.instance):
            raise TargetError(f"{self.instance!r} is no instance id: i- and 8 to 17 hexadecimal digits.")
        if self.container and not (NAME.fullmatch(self.container) or _DEFAULT_CONTAINER.fullmatch(self.container)):
            raise TargetError(f"{_unfit('container', self.container)[:-1]}, or a default name such as container_0.")
        parts = (self.endpoint, self.variant, self.instance, *([self.container] if self.container else []))
        target = f"sagemaker-endpoint:{'_'.join(parts)}"
        if len(target) > _LONGEST_TARGET:
            raise TargetError(
                f"The target id would have {len(target)} characters; StartSession takes {_LONGEST_TARGET}."
            )
        return target


def _unfit(kind: str, name: str) -> str:
    return (
        f"The {kind} name {name!r} can't be part of a target id: its parts are joined by _, and a name is 1 to 63 "
        "letters, digits and hyphens, beginning and ending with a letter or digit."
    )


def targets_in(text: str) -> list[Target]:
    """The target ids that a line of the SSM log lists ("at the beginning of the SSM log stream")."""
    return [
        Target(**{name: part or "" for name, part in found.groupdict().items()}) for found in _TARGET.finditer(text)
    ]


def log_groups(endpoint: str) -> tuple[str, str]:
    """The endpoint's log group in both spellings."""
    return (LOG_GROUP_PREFIXES[0] + endpoint, LOG_GROUP_PREFIXES[1] + endpoint)


def log_stream(variant: str, instance: str) -> str:
    """Name of the SSM log stream of one instance."""
    return f"{variant}/{instance}/ssm"


def instance_of(stream: str) -> tuple[str, str] | None:
    """Variant and instance of an SSM log stream, or None for any other stream."""
    found = _STREAM.fullmatch(stream)
    return (found["variant"], found["instance"]) if found else None


def container_of(message: str) -> tuple[str, str]:
    """The container that a line of the SSM log is about (empty where no prefix says), and the rest of the line."""
    found = _PREFIXED.fullmatch(message)
    return (found["container"], found["text"]) if found else ("", message)


def agent_needs(partition: str, region: str, account: str) -> tuple[Need, ...]:
    """What the execution role needs for as long as SSM access is on: the agent's channels, and writing its log."""
    groups = f"arn:{partition}:logs:{region}:{account}:log-group:{LOG_GROUP_PREFIXES[1]}*"
    return (
        *(Need(action, "*", "let the SSM agent open its channels", essential=False) for action in AGENT_ACTIONS),
        *(
            Need(f"logs:{action}", groups, "write the sessions' log", essential=False)
            for action in ("CreateLogStream", "DescribeLogStreams", "PutLogEvents")
        ),
        Need("logs:DescribeLogGroups", "*", "find the sessions' log group", essential=False),
    )


@dataclass(frozen=True)
class UserFacts:
    """What a user's policy is about: one endpoint, the session document, and until when."""

    partition: str
    region: str
    account: str
    endpoint: str
    document: str
    until: dt.datetime | None = None


def user_document(facts: UserFacts) -> dict[str, Any]:
    """
    An IAM policy with which a person may open shells in this endpoint's containers, and do nothing else.

    Sessions start only with the session document named (so that none escapes the log) and only until the end date;
    TerminateSession, ResumeSession and OpenDataChannel take session ARNs, and only the caller's own: a session's id
    begins with the user's name or, for a role, its `aws:userid`.
    """
    here = f"{facts.partition}:sagemaker:{facts.region}:{facts.account}"
    # SageMaker writes the names in ARNs in lower case.
    endpoint = f"arn:{here}:endpoint/{facts.endpoint.lower()}"
    document = f"arn:{facts.partition}:ssm:{facts.region}:{facts.account}:document/{facts.document}"
    every = f"arn:{facts.partition}:ssm:{facts.region}:{facts.account}:session/"
    sessions = [f"{every}${{aws:{who}}}-*" for who in ("username", "userid")]
    conditions: dict[str, Any] = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
    if facts.until is not None:
        conditions["DateLessThan"] = {"aws:CurrentTime": utc(facts.until)}
    logs = [
        f"arn:{facts.partition}:logs:{facts.region}:{facts.account}:log-group:{group}{end}"
        for group in log_groups(facts.endpoint)
        for end in ("", ":*")
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("StartSessions", ["ssm:StartSession"], [endpoint, document]) | {"Condition": conditions},
            _allow("EndOwnSessions", ["ssm:ResumeSession", "ssm:TerminateSession"], sessions),
            # A role's session is named after its session name, not its userid; Session Manager tags it with that.
            _allow("EndOwnSessionsOfRoles", ["ssm:ResumeSession", "ssm:TerminateSession"], [f"{every}*"])
            | {"Condition": {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": ["${aws:userid}"]}}},
            _allow("UseOwnSessions", ["ssmmessages:OpenDataChannel"], sessions),
            _allow("FindTargets", ["sagemaker:DescribeEndpoint", "sagemaker:ListTags"], [endpoint]),
            _allow(
                "FindContainers",
                ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel", "sagemaker:DescribeModelPackage"],
                [f"arn:{here}:{kind}/*" for kind in ("endpoint-config", "model", "model-package")],
            ),
            _allow("ReadLog", ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"], logs),
        ],
    }


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def utc(moment: dt.datetime) -> str:
    """A moment as IAM's conditions want it: `2026-12-31T17:00:00Z`."""
    import datetime as dt

    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


IDLE_MINUTES = 20
LONGEST_MINUTES = 60


def session_document(endpoint: str, *, encrypted: bool) -> dict[str, Any]:
    """
    The preferences of sessions: what is typed and answered goes to the endpoint's log group while it happens.

    Logging is a preference of the session's document, not of the endpoint. `encrypted`: the log group has a KMS key,
    and a session isn't started should it lose it.
    """
    return {
        "schemaVersion": "1.0",
        "description": f"Sessions in the containers of the endpoint {endpoint}, logged",
        "sessionType": "Standard_Stream",
        "inputs": {
            "s3BucketName": "",
            "s3KeyPrefix": "",
            "s3EncryptionEnabled": True,
            "cloudWatchLogGroupName": log_groups(endpoint)[0],
            "cloudWatchEncryptionEnabled": encrypted,
            "cloudWatchStreamingEnabled": True,
            "kmsKeyId": "",
            "runAsEnabled": False,
            "runAsDefaultUser": "",
            "idleSessionTimeout": str(IDLE_MINUTES),
            "maxSessionDuration": str(LONGEST_MINUTES),
            "shellProfile": {"linux": "", "windows": ""},
        },
    }


def interface_services(region: str) -> tuple[str, ...]:
    """The services that need an interface endpoint in a region."""
    return tuple(each for each in INTERFACE_SERVICES if each != "ec2messages" or region not in WITHOUT_EC2MESSAGES)
