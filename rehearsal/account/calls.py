"""What a request to the account asks for, and how answers to it are written in the protocol it came in.

AWS's protocols, as botocore's service models name them: `json` (the action in `X-Amz-Target`), `query` and `ec2` (in
the form), `rest-xml` (S3) and `rest-json` (in method and path), `smithy-rpc-v2-cbor` (in the path).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from rehearsal.account.errors import Refusal

if TYPE_CHECKING:
    from rehearsal.account.resource_policies import Principal

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]*)/(?P<date>[^/]*)/(?P<region>[^/]*)/(?P<service>[^/]*)/aws4_request")
_QUERY_CREDENTIAL = re.compile(
    r"X-Amz-Credential=[^&]*?(?:%2F|/)[^&]*?(?:%2F|/)(?P<region>[^&/%]*)(?:%2F|/)(?P<service>[^&/%]*)"
)
_QUERY_SECRETS = re.compile(r"(X-Amz-Signature|X-Amz-Security-Token|Signature)=[^&]*", re.IGNORECASE)
_CBOR_PATH = re.compile(r"^/service/(?P<service>[^/]+)/operation/(?P<action>[^/]+)$")
_RUNTIME_PATH = re.compile(r"^/endpoints/(?P<name>[^/]+)/(?P<kind>.+)$")
_RUNTIME = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
_READ = ("Get", "List", "Describe", "Head", "BatchGet", "BatchCheck", "Lookup", "Search", "Simulate", "Select", "Query")
# Actions whose names say otherwise, but that change nothing; most handle secrets that have no business in a journal.
_READ_TOO = {
    "kms": {
        *(
            "Encrypt",
            "Decrypt",
            "ReEncrypt",
            "GenerateDataKey",
            "GenerateDataKeyWithoutPlaintext",
            "GenerateDataKeyPair",
        ),
        *("GenerateRandom", "GenerateMac", "VerifyMac", "Sign", "Verify"),
    },
    "sagemaker": set(_RUNTIME.values()),
    "logs": {"FilterLogEvents", "TestMetricFilter"},
}
_KEPT_HEADERS = {"CONTENT_TYPE", "HTTP_HOST", "HTTP_AUTHORIZATION"}
_DROPPED_HEADERS = {"HTTP_X_AMZ_SECURITY_TOKEN", "HTTP_COOKIE", "HTTP_TRANSFER_ENCODING", "HTTP_CONNECTION"}
PRESERVED_NAMES = "moto.preserved_header_names"


@dataclass
class Answer:
    """An HTTP answer, complete; `lost` is one that doesn't arrive."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)
    lost: bool = False


@dataclass
class Call:
    """One request to one of AWS's services.

    Attributes:
        service: signing name of the service (`sagemaker` for sagemaker-runtime too, `monitoring` for CloudWatch).
        region: region of the credential scope.
        action: AWS's name of the operation; method and path where no model knows it.
        parameters: what was asked, as far as it stands in a JSON body, a form, or the URL of a REST operation.
        environ: what of the WSGI environment is kept: no signature, no session token.
        body: the request's body.
        caller: who makes it, once that is known; somebody of another account where it was handed on.

    """

    service: str
    region: str
    action: str
    parameters: dict[str, Any]
    environ: dict[str, Any]
    body: bytes
    caller: Principal | None = None

    @property
    def mutates(self) -> bool:
        """Whether the call may change the account, and so belongs into the journal."""
        if self.service == "kms" and self.action == "DescribeKey":
            # moto brings AWS's own keys into being when somebody first describes them.
            return str(self.parameters.get("KeyId", "")).find("alias/aws/") >= 0
        if self.action in _READ_TOO.get(self.service, ()):
            return False
        return not self.action.startswith((*_READ, "GET ", "HEAD ", "OPTIONS "))

    @property
    def protocol(self) -> str:
        """The protocol the request came in: json, cbor, s3, ec2, rest-json or query."""
        if self.environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
            return "cbor"
        if self.environ.get("HTTP_X_AMZ_TARGET"):
            return "json"
        if self.service in ("s3", "ec2"):
            return self.service
        if b"Action=" in self.body or "Action=" in self.environ.get("QUERY_STRING", ""):
            return "query"
        return "rest-json"


def keep(environ: dict[str, Any]) -> dict[str, Any]:
    """What of a WSGI environment is needed to do the request again; signatures and tokens stay behind."""
    kept: dict[str, Any] = {
        "REQUEST_METHOD": environ["REQUEST_METHOD"],
        "PATH_INFO": environ.get("PATH_INFO", "/"),
        "QUERY_STRING": _QUERY_SECRETS.sub(r"\1=redacted", environ.get("QUERY_STRING", "")),
    }
    uri = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if uri:
        kept["REQUEST_URI"] = kept["RAW_URI"] = _QUERY_SECRETS.sub(r"\1=redacted", uri)
    if environ.get(PRESERVED_NAMES):
        kept[PRESERVED_NAMES] = dict(environ[PRESERVED_NAMES])
    kept |= {
        name: value
        for name, value in environ.items()
        if name in _KEPT_HEADERS or (name.startswith("HTTP_") and name not in _DROPPED_HEADERS)
    }
    kept.pop("HTTP_USER_AGENT", None)
    kept.pop("HTTP_AMZ_SDK_INVOCATION_ID", None)
    kept.pop("HTTP_AMZ_SDK_REQUEST", None)
    scope = _CREDENTIAL.search(kept.get("HTTP_AUTHORIZATION", ""))
    if scope:
        kept["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 {scope.group(0)}, SignedHeaders=host, Signature=redacted"
    return kept


def identify(environ: dict[str, Any], body: bytes) -> Call:
    """The call that a request (its kept environment and body) makes."""
    if environ["PATH_INFO"].startswith(("/moto-api", "/latest/")):
        # moto's own interface would change the account behind the journal's back.
        raise Refusal("NotImplemented", "the emulated account has no instance metadata and no interface of moto's", 501)
    scope = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "")) or _QUERY_CREDENTIAL.search(
        environ.get("QUERY_STRING", "")
    )
    service, region = (scope.group("service"), scope.group("region")) if scope else ("s3", "us-east-1")
    action, parameters = _action(service, environ, body)
    return Call(service, region, action, parameters, environ, body)


def _action(service: str, environ: dict[str, Any], body: bytes) -> tuple[str, dict[str, Any]]:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.split(".")[-1], _json(body)
    smithy = _CBOR_PATH.match(environ["PATH_INFO"])
    if smithy:
        return smithy["action"], {}
    form = "application/x-www-form-urlencoded" in environ.get("CONTENT_TYPE", "")
    query = parse_qs(body.decode("utf-8", "replace") if form else environ["QUERY_STRING"], keep_blank_values=True)
    if "Action" in query:
        return query["Action"][0], {
            name: values[0] for name, values in query.items() if name not in ("Action", "Version")
        }
    return _rest_action(service, environ)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except ValueError as error:
        raise Refusal("SerializationException", f"the request's body is not JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise Refusal("SerializationException", "the request's body is not a JSON object")
    return parameters


def _rest_action(service: str, environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    runtime = _RUNTIME_PATH.match(path) if service == "sagemaker" else None
    if runtime:
        return _RUNTIME.get(runtime["kind"], f"{method} {path}"), {"EndpointName": runtime["name"]}
    routes = router(service)
    if routes is not None:
        from moto.core.request import Request
        from moto.core.routing import NotFound

        try:
            operation, parameters = routes.match(Request(environ_for(environ, b"")))
        except NotFound:
            pass  # said below, by method and path
        else:
            return operation.name, dict(parameters)
    return f"{method} {path}", {}


@cache
def router(service: str) -> Any:
    """By which method and path a service's requests name their operation; None for a service that isn't known."""
    from botocore.exceptions import UnknownServiceError
    from moto.core.routing import get_service_router

    try:
        return get_service_router(service)
    except UnknownServiceError:
        return None


def environ_for(kept: dict[str, Any], body: bytes) -> dict[str, Any]:
    """A WSGI environment in which a kept request can be done (again)."""
    import io

    host, _, port = kept.get("HTTP_HOST", "127.0.0.1").partition(":")
    return {
        **kept,
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def json_answer(value: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Answer:
    """An answer of the `json` protocol."""
    body = json.dumps(value, sort_keys=True).encode()
    return Answer(status, body, [("Content-Type", "application/x-amz-json-1.1"), *(headers or [])])


def query_answer(call: Call, members: dict[str, str]) -> Answer:
    """An answer of the `query` protocol whose result has only texts."""
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    text = f"<{call.action}Response><{call.action}Result>{inner}</{call.action}Result></{call.action}Response>"
    return Answer(200, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), [("Content-Type", "text/xml")])


def refusal_answer(call: Call | None, refusal: Refusal) -> Answer:
    """A refusal in the protocol the call came in (without a call: JSON)."""
    protocol = call.protocol if call else "json"
    code, message, status = refusal.code, refusal.message, refusal.status
    if protocol in ("json", "rest-json"):
        body = {"__type": code, "message": message, "Message": message, **refusal.fields}
        return json_answer(body, status, [("x-amzn-ErrorType", code)])
    if protocol == "cbor":
        from rehearsal.account.cbor import encode

        headers = [("smithy-protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor")]
        return Answer(status, encode({"__type": code, "message": message}), headers)
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if protocol == "ec2":
        text = f"<Response><Errors>{error}</Errors><RequestID>rehearsal</RequestID></Response>"
    elif protocol == "query":
        text = f"<ErrorResponse>{error}<RequestId>rehearsal</RequestId></ErrorResponse>"
    else:
        text = error
    return Answer(status, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), [("Content-Type", "text/xml")])


_KEY_PARAMETER = re.compile(r"(Name|Arn|ARN|Id|ID|Url|Bucket|Key|Prefix|KeyId|repositoryName|imageTag|imageDigest)$")
_SECRET_PARAMETER = re.compile(r"(Token|Secret(?!Id)|Password|Plaintext|AccessKeyId|SSECustomerKey)", re.IGNORECASE)


def key_parameters(call: Call) -> dict[str, str]:
    """The parameters that say what a call was about: names, ids and ARNs; never a value that may be secret."""
    return {
        name: str(value)[:200]
        for name, value in sorted(call.parameters.items())
        if isinstance(value, str | int) and _KEY_PARAMETER.search(name) and not _SECRET_PARAMETER.search(name)
    }
