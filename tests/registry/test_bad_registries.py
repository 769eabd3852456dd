"""What goes wrong between us and a registry: each case its own clear error, and never a secret in it."""

from __future__ import annotations

import hashlib
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from oci_images import MANIFEST, image
from odd_registry import OddRegistry

from pipeline.registry import errors
from pipeline.registry.client import Registry
from pipeline.registry.trust import Credentials, given, public

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certificates import Authority

USER = Credentials("robot", 'hunter2"\\-of-the-tests')
GOOD = image()


def ask(odd: OddRegistry, authority: Authority, **more: Any) -> Any:
    return Registry(odd.host, trust=authority.store, credentials=USER, **more).manifest("team/model", "1")


def behaving(authority: Authority, behave: Callable[[Any], None]) -> OddRegistry:
    return OddRegistry(authority.issue(), behave)


def test_a_registry_that_hangs(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.over.wait(10)) as odd,
        pytest.raises(errors.HangsError, match=r"gave no answer within 0\.2 seconds"),
    ):
        ask(odd, authority, answer_seconds=0.2)


def test_a_registry_that_sends_drop_by_drop(authority: Authority) -> None:
    """Each read is in time, and all of them together aren't."""

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not handler.over.wait(0.05):
            handler.wfile.write(b" " * 70_000)

    with behaving(authority, drip) as odd, pytest.raises(errors.RegistryError, match=r"gave no answer|more than"):
        ask(odd, authority, answer_seconds=0.1)


def test_a_registry_that_limits_the_rate(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.say(429, Retry_After="60")) as odd,
        pytest.raises(errors.RateLimitedError, match=r"answered 429: too many requests. Run again in 60 seconds"),
    ):
        ask(odd, authority)


def test_a_registry_that_fails(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.say(503)) as odd,
        pytest.raises(errors.BrokenRegistryError, match=r"answered 503: it is the registry's own fault"),
    ):
        ask(odd, authority)


def test_a_redirect_to_plain_http_is_not_followed(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.say(307, Location="http://localhost:1/v2/")) as odd,
        pytest.raises(errors.RedirectError, match=r"isn't https. Nothing was sent there"),
    ):
        ask(odd, authority)


def test_a_redirect_in_a_circle(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.say(302, Location=handler.path)) as odd,
        pytest.raises(errors.RedirectError, match=r"in a circle"),
    ):
        ask(odd, authority)


def test_redirects_without_an_end(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.say(302, Location=f"{handler.path}x")) as odd,
        pytest.raises(errors.RedirectError, match=r"redirected 6 times"),
    ):
        ask(odd, authority)


def test_credentials_do_not_follow_a_redirect_to_another_host(authority: Authority) -> None:
    """The other host gives the manifest, and never sees who asked."""
    with (
        behaving(authority, lambda handler: handler.say(200, GOOD.manifest, Content_Type=MANIFEST)) as other,
        behaving(
            authority,
            lambda handler: (
                handler.say(307, Location=f"https://{other.host}/elsewhere")
                if handler.headers.get("Authorization")
                else handler.say(401, WWW_Authenticate='Basic realm="x"')
            ),
        ) as odd,
    ):
        found = ask(odd, authority)

    assert found.digest == GOOD.digest
    assert odd.seen[-1][1] == USER.basic
    assert other.seen == [("/elsewhere", None)]


def test_a_token_server_without_tls_gets_no_credentials(authority: Authority) -> None:
    with (
        behaving(
            authority, lambda handler: handler.say(401, WWW_Authenticate='Bearer realm="http://localhost:1/token"')
        ) as odd,
        pytest.raises(errors.CredentialsError, match=r"isn't https. No credentials were sent there"),
    ):
        ask(odd, authority)


@pytest.mark.parametrize("echo", [lambda text: text, json.dumps, repr], ids=["plain", "json", "repr"])
def test_a_registry_that_repeats_the_credentials_makes_no_message_of_them(
    authority: Authority, echo: Callable[[str], str]
) -> None:
    """A server's words are shown without anything of ours in them, in whatever form it has them."""

    def refuse(handler: Any) -> None:
        sent = handler.headers.get("Authorization", "")
        said = f"{sent} is {echo(USER.password)} no good"
        body = json.dumps({"errors": [{"message": said}]}).encode()
        handler.say(401, body, WWW_Authenticate='Basic realm="x"')

    with behaving(authority, refuse) as odd, pytest.raises(errors.CredentialsError, match=r"no good") as caught:
        ask(odd, authority)

    for secret in (USER.password, json.dumps(USER.password).strip('"'), USER.basic.removeprefix("Basic ")):
        assert secret not in str(caught.value)


def test_another_scheme_of_authentication(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.say(401, WWW_Authenticate="Negotiate")) as odd,
        pytest.raises(errors.CredentialsError, match=r"knows basic and bearer-token authentication"),
    ):
        ask(odd, authority)


def test_a_digest_that_does_not_match(authority: Authority) -> None:
    with (
        behaving(authority, lambda handler: handler.say(200, GOOD.manifest + b" ", Content_Type=MANIFEST)) as odd,
        pytest.raises(errors.DigestMismatchError, match=f"was asked for {GOOD.digest} and is sha256:"),
    ):
        Registry(odd.host, trust=authority.store).manifest("team/model", GOOD.digest)


def test_a_digest_that_the_registry_says_wrongly(authority: Authority) -> None:
    def lie(handler: Any) -> None:
        handler.say(200, GOOD.manifest, Content_Type=MANIFEST, Docker_Content_Digest=f"sha256:{'0' * 64}")

    with behaving(authority, lie) as odd, pytest.raises(errors.DigestMismatchError, match=r"is said to be sha256:0000"):
        ask(odd, authority)


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [(200, b"<html>welcome</html>", "text/html"), (404, b"", "text/plain"), (401, b"", "text/plain")],
)
def test_what_answers_is_no_registry(authority: Authority, status: int, body: bytes, content_type: str) -> None:
    with (
        behaving(authority, lambda handler: handler.say(status, body, Content_Type=content_type)) as odd,
        pytest.raises(errors.NotARegistryError, match=r"no registry of the Docker Registry HTTP API V2"),
    ):
        Registry(odd.host, trust=authority.store).challenge()


def test_a_manifest_of_the_old_schema(authority: Authority) -> None:
    old = json.dumps({"schemaVersion": 1}).encode()
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    with (
        behaving(authority, lambda handler: handler.say(200, old, Content_Type=kind)) as odd,
        pytest.raises(errors.ManifestError, match=r"isn't a manifest of Docker's schema 2 or of OCI"),
    ):
        ask(odd, authority)


@pytest.mark.parametrize("body", [b"[]", b"not json", b'{"mediaType": "%s"}' % MANIFEST.encode()])
def test_a_manifest_that_is_none(authority: Authority, body: bytes) -> None:
    def ask_both(asked: Registry) -> None:
        asked.configuration("team/model", asked.manifest("team/model", "1"))

    with (
        behaving(authority, lambda handler: handler.say(200, body, Content_Type=MANIFEST)) as odd,
        pytest.raises(errors.ManifestError, match=r"isn't a JSON object|without a configuration"),
    ):
        ask_both(Registry(odd.host, trust=authority.store))


def test_an_expired_certificate(authority: Authority) -> None:
    with (
        OddRegistry(authority.issue(expired=True), lambda handler: handler.say(200)) as odd,
        pytest.raises(errors.CertificateError, match=r"has expired. Amazon SageMaker will refuse it") as caught,
    ):
        Registry(odd.host, trust=authority.store).challenge()

    assert caught.value.expired
    assert odd.seen == []


def test_a_certificate_for_another_name(authority: Authority) -> None:
    with (
        OddRegistry(authority.issue("elsewhere.example"), lambda handler: handler.say(200)) as odd,
        pytest.raises(errors.CertificateError, match=r"a TLS certificate for another name"),
    ):
        Registry(odd.host, trust=authority.store).challenge()


def test_a_private_authority_is_not_trusted_unless_it_is_named(company: Authority) -> None:
    with OddRegistry(company.issue(), lambda handler: handler.say(200)) as odd:
        with pytest.raises(errors.CertificateError, match=r"doesn't chain to the public certificate authorities") as no:
            Registry(odd.host, trust=public()).challenge()

        assert no.value.untrusted
        assert odd.seen == []
        assert Registry(odd.host, trust=company.store).challenge() == ""


def test_the_environment_does_not_switch_verification_off(company: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that other programs obey name the company's authority; ours looks at the store that it was given."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(company.store_path))
    with (
        OddRegistry(company.issue(), lambda handler: handler.say(200)) as odd,
        pytest.raises(errors.CertificateError),
    ):
        Registry(odd.host, trust=public()).challenge()


def test_a_server_without_tls_is_told(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        plain.settimeout(5)
        host = f"localhost:{plain.getsockname()[1]}"

        import threading

        def answer() -> None:
            taken, _ = plain.accept()
            taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            taken.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(errors.RegistryError, match=r"can't be verified|can't be reached"):
            Registry(host, trust=authority.store).challenge()
        thread.join()


def test_a_rehearsal_asks_loopback_addresses_only(authority: Authority) -> None:
    asked = Registry("registry.example.com", trust=authority.store, loopback_only=True)
    with pytest.raises(errors.UnreachableError, match=r"loopback addresses only"):
        asked.challenge()


def test_a_trust_store_without_certificates_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    with pytest.raises(errors.PipelineError, match=r"trust store .*empty\.pem was to hold certificates"):
        given(path)


def test_credentials_are_never_shown() -> None:
    assert "hunter2" not in repr(USER) + str(USER)
    assert hashlib.sha256(USER.basic.encode()).hexdigest() not in repr(USER)
