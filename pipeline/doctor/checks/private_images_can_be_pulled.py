"""Images in private registries can be pulled: the registry answers, lets the model's function in, and has the image.

Asked: Lambda Invoke of the credentials provider, and the registry itself (Docker Registry HTTP API V2). A registry that
only its VPC reaches can't be looked at from elsewhere: that is told as unknown, never as healthy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from guards import usage
from guards.errors import AccountUnknown
from guards.values import get
from knowledge.registries import parse_reference
from pipeline.doctor.check import Check, Problem
from pipeline.registry.client import Registry
from pipeline.registry.errors import RegistryError
from pipeline.registry.trust import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guards.usage import Node
    from pipeline.doctor.examination import Examination


def examine(examination: Examination, one: Node) -> Iterator[Problem]:
    """Each container that is pulled by way of the VPC."""
    model = examination.described(one) or {}
    for container in [model.get("PrimaryContainer"), *model.get("Containers", [])]:
        config = (container or {}).get("ImageConfig") or {}
        if config.get("RepositoryAccessMode") != "Vpc":
            continue
        provider = get(config, "RepositoryAuthConfig", "RepositoryCredentialsProviderArn")
        yield from _pulled(examination, one, str(container["Image"]), provider)


def _pulled(examination: Examination, model: Node, image: str, provider: Any) -> Iterator[Problem]:
    reference = parse_reference(image)
    credentials = None
    if provider:
        credentials = _told(examination, str(provider))
        if credentials is None:
            yield Problem(
                f"Function {provider} of {model} doesn't tell the credentials of {reference.registry}: a new instance "
                "could not pull its image.",
                "Let the function answer as SageMaker wants it (docs/private-registry.md).",
            )
            return
    access = examination.registries
    try:
        Registry(
            reference.api, trust=access.trust, credentials=credentials, loopback_only=access.loopback_only
        ).manifest(reference.repository, reference.named)
    except RegistryError as error:
        if not error.knowable:
            raise AccountUnknown(f"Not knowable from here: {error}") from None
        yield Problem(
            f"{model} runs {image}, and a new instance could not pull it: {error}",
            "Mend the registry, or deploy a model of another image.",
        )


def _told(examination: Examination, provider: str) -> Credentials | None:
    answer = examination.account.ask("lambda", "invoke", FunctionName=provider, Payload=b"{}")
    if answer is None or answer.get("FunctionError"):
        return None
    try:
        found = get(json.loads(answer["Payload"].read()), "Credentials")
    except ValueError:
        return None
    username, password = get(found, "Username"), get(found, "Password")
    usable = isinstance(username, str) and isinstance(password, str) and username and password
    return Credentials(username, password) if usable else None


check = Check(
    name="private-images-can-be-pulled",
    title="Images in private registries can be pulled.",
    kinds=(usage.MODEL,),
    examine=examine,
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-containers-inference-private.html",
)
