"""Moto behind the account: what a call needs before moto gets it, and what moto's answer means."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from rehearsal.account import answers, calls, keys
from rehearsal.account.calls import Answer, Call

if TYPE_CHECKING:
    from rehearsal.account.determinism import Determinism

_REFUSED = 400  # the first status that is no success
_NOT_FOUND = 404


class Moto:
    """Moto's services, as far as the emulation leaves calls to them.

    Args:
        account: account id.
        determinism: its time and randomness.

    """

    def __init__(self, account: str, determinism: Determinism) -> None:
        from moto import backends
        from moto.core import responses, utils
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication

        self._account = account
        self._determinism = determinism
        self._application = DomainDispatcherApplication(_application)
        # moto lists the directory of its services at every request, and the methods of the class that answers it.
        responses.method_names_from_class = cache(utils.method_names_from_class)
        services = tuple(backends.list_of_moto_modules())
        backends.list_of_moto_modules = lambda: services

    def ask(self, call: Call) -> Answer:
        """Moto's answer to a call; raises Refusal where moto has no answer or fails."""
        from botocore.model import OperationNotFoundError

        from rehearsal.account import cbor

        call = self._prepared(call)
        translated = cbor.translate(call) if call.protocol == "cbor" else None
        environ = calls.environ_for(*(translated or (call.environ, call.body)))
        status, headers = "500", []

        def start_response(line: str, given: list[tuple[str, str]], *_: Any) -> None:
            nonlocal status, headers
            status, headers = line, given

        try:
            parts = self._application(environ, start_response)
            body = b"".join(parts)
        except (NotImplementedError, OperationNotFoundError) as error:
            raise (answers.not_emulated if _aws_has(call) else answers.unknown_operation)(call) from error
        except Exception as error:
            raise answers.failure(call, error, "it happened in moto") from error
        answer = Answer(int(status.split(" ", 1)[0]), body, headers)
        if _is_html(answer) or (answer.status == _NOT_FOUND and not body and call.service != "s3"):
            raise answers.not_emulated(call)
        return cbor.translate_back(call, answer) if translated else answer

    def _prepared(self, call: Call) -> Call:
        from rehearsal.account import group_rules, managed_policies, networks, object_versions

        if call.service == "kms":
            return keys.prepare(call, self._account)
        if call.service == "iam":
            managed_policies.provide(call, self._account, self._determinism)
        elif call.service == "ec2":
            group_rules.keep_descriptions()
            networks.correct()
        elif call.service == "s3" and call.environ["REQUEST_METHOD"] in ("DELETE", "POST"):
            object_versions.keep_versions()
        return call


def _aws_has(call: Call) -> bool:
    """Whether the service has the operation in AWS, by botocore's model; True where botocore hasn't the service."""
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import create_loader

    try:
        return call.action in create_loader().load_service_model(call.service, "service-2")["operations"]
    except UnknownServiceError:
        return True


def _application(service: Any) -> Any:
    """The application that moto has for a service; NotImplementedError where it has none."""
    from moto.moto_server.werkzeug_app import create_backend_app

    if service is None:
        raise NotImplementedError
    return create_backend_app(service)


def _is_html(answer: Answer) -> bool:
    content = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    return (
        answer.status >= _REFUSED
        and content.startswith("text/html")
        and answer.body[:15].lower().startswith(b"<!doctype html")
    )
