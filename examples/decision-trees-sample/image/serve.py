"""
The serving program of the sample's image: /opt/program/serve.py, in every version.

It answers what SageMaker asks of a container for real-time inference: GET /ping (200 once the model is loaded) and
POST /invocations. The model and its inference code come from the artifact, which SageMaker unpacks to /opt/ml/model.
Page: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html

    OPT_ML                  in the place of /opt/ml; then the program listens on 127.0.0.1 only
    SAGEMAKER_BIND_TO_PORT  the port; 8080 unless SageMaker names another

Standard library only: the image has no base image to bring anything along.
"""

import importlib.util
import json
import math
import os
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import answer  # lies beside this file; the one thing in which the image's versions differ

LONGEST_BODY = 6 * 1024 * 1024  # bytes: thousands of rows; a body is read into memory whole


class BadRequest(Exception):  # noqa: N818 - HTTP's own words
    """The caller's mistake: an HTTP status and a sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Model:
    """What lies in the artifact: the model, and the code that knows how to ask it."""

    def __init__(self, directory: Path) -> None:
        self._code = _load(directory / "code" / "inference.py")
        self._model = self._code.model_fn(str(directory))

    def predict(self, rows: list[list[float]]) -> list[dict[str, Any]]:
        """A prediction for every row; a row that the model can't take is the caller's mistake."""
        try:
            return self._code.predict_fn(rows, self._model)
        except ValueError as error:
            raise BadRequest(HTTPStatus.BAD_REQUEST, str(error)) from error


def _load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("inference", path)
    if specification is None or specification.loader is None or not path.is_file():
        sys.exit(f"the artifact has no inference code: {path} isn't there")
    sys.dont_write_bytecode = True  # the artifact is not ours to write to
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def rows_of(body: bytes, content_type: str) -> list[list[float]]:
    """The rows of numbers in a request body: text/csv, or JSON as `{"instances": [[...]]}` or `[[...]]`."""
    try:
        text = body.decode("utf-8")
        if content_type == "text/csv":
            rows = [[float(value) for value in line.split(",")] for line in text.splitlines() if line.strip()]
        elif content_type == "application/json":
            given = json.loads(text)
            given = given.get("instances") if isinstance(given, dict) else given
            rows = [[float(value) for value in row] for row in given]
        else:
            raise BadRequest(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{content_type!r} is not taken; send text/csv or application/json"
            )
    except (ValueError, TypeError) as error:
        raise BadRequest(
            HTTPStatus.BAD_REQUEST, f"the body is not {content_type} with rows of numbers: {error}"
        ) from error
    if not rows:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "the body has no rows")
    if not all(math.isfinite(value) for row in rows for value in row):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "every value has to be a finite number")
    return rows


class Handler(BaseHTTPRequestHandler):
    """One request; the model is the class's, loaded before the first."""

    protocol_version = "HTTP/1.1"
    model: Model

    def do_GET(self) -> None:
        """Say that the container is ready."""
        if self.path == "/ping":
            self._send(HTTPStatus.OK, "text/plain", "")
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is /ping and /invocations\n")

    def do_POST(self) -> None:
        """Answer with a prediction for every row."""
        if self.path != "/invocations":
            self.close_connection = True  # what was sent stays unread
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is /ping and /invocations\n")
            return
        content_type = self.headers.get_content_type() if "Content-Type" in self.headers else "text/csv"
        try:
            predictions = self.model.predict(rows_of(self._body(), content_type))
        except BadRequest as error:
            self._send(error.status, "text/plain", f"{error}\n")
            return
        except Exception:
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", "the inference code failed; its log says how\n")
            raise
        accepted = self.headers.get("Accept", "*/*").split(",")[0].split(";")[0].strip()
        if (accepted if accepted in {"text/csv", "application/json"} else content_type) == "text/csv":
            self._send(HTTPStatus.OK, "text/csv", "".join(f"{answer.line(each)}\n" for each in predictions))
        else:
            self._send(
                HTTPStatus.OK,
                "application/json",
                json.dumps({"predictions": [answer.item(each) for each in predictions]}),
            )

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            self.close_connection = True  # what was sent stays unread
            raise BadRequest(
                HTTPStatus.BAD_REQUEST, f"Content-Length has to say the body's bytes, at most {LONGEST_BODY}"
            )
        return self.rfile.read(int(length))

    def _send(self, status: HTTPStatus, content_type: str, text: str) -> None:
        body = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Image-Version", answer.VERSION)
        self.end_headers()
        self.wfile.write(body)


def serve() -> None:
    """Load the model, then answer until the process is ended."""
    base = os.environ.get("OPT_ML")
    port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    if not port.isdecimal():
        sys.exit(f"SAGEMAKER_BIND_TO_PORT is {port!r}; it has to be a port number")
    Handler.model = Model(Path(base or "/opt/ml") / "model")
    # In its container SageMaker asks from outside; where somebody moved /opt/ml there is no container around this.
    server = ThreadingHTTPServer(("127.0.0.1" if base else "0.0.0.0", int(port)), Handler)  # noqa: S104
    print(f"version {answer.VERSION} listens on port {server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    serve()
