"""What other accounts may ask of this one: its buckets, images, keys, versions, shares, and what policies say of them.

Questions come from emulated accounts beside this one (neighbours.py), never from clients of AWS.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.account import access, needs, provisions
from rehearsal.account.resource_policies import ALLOW, Asked, Principal, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account.inference.service import Inference
    from rehearsal.account.provisions import Layer
    from rehearsal.account.sharing import Sharing


@dataclass(frozen=True)
class Asking:
    """What an account is asked about: its SageMaker, its shares, and the layers of its images."""

    inference: Inference
    sharing: Sharing
    layer: Layer


def answer(here: Asking, body: dict[str, Any]) -> Any:
    """The answer to a question, which says `what` it is and, as `asker`, whose."""
    return _QUESTIONS[body["what"]](here, body)


def _reader(told: dict[str, Any]) -> Principal:
    return Principal(told["account"], told["arn"], told.get("role"))


def _location(body: dict[str, Any]) -> tuple[str, str]:
    return body["location"][0], body["location"][1]


def _bucket(here: Asking, body: dict[str, Any]) -> bool:
    return here.inference.holdings.bucket(body["name"]) is not None


def _objects(here: Asking, body: dict[str, Any]) -> Any:
    reader = _reader(body["reader"])
    return access.objects(
        here.inference.holdings, _location(body), reader, body["actions"], prefix=bool(body["prefix"])
    )


def _image(here: Asking, body: dict[str, Any]) -> Any:
    return access.image(here.inference.holdings, body["named"], _reader(body["reader"]), body["actions"])


def _key(here: Asking, body: dict[str, Any]) -> Any:
    place = (body["named"], body["region"])
    return access.key(here.inference.holdings, place, _reader(body["reader"]), body["action"], body["context"])


def _package(here: Asking, body: dict[str, Any]) -> Any:
    """A version that another account wants to make a model of, if the group's policy lets it."""
    arn, caller = body["arn"], _reader(body["caller"])
    region = here.inference.region(arn.split(":")[3])
    name = needs.group_named(arn)
    group = next((each for each in region.groups.values() if each.name.lower() == name), None)
    verdict = said(group.policy if group else None, Asked(caller, body["action"], arn))
    if verdict.outcome != ALLOW:
        words = f"User: {caller.arn} is not authorized to perform: {body['action']} on resource: {arn} because "
        return {"refused": "AccessDeniedException", "words": words + verdict.reason}
    package = region.packages.get(arn)
    if package is None:
        return {"refused": "ValidationException", "words": f"ModelPackage {arn} does not exist."}
    return {"package": asdict(package)}


def _groups(here: Asking, body: dict[str, Any]) -> Any:
    """The groups of a region that are shared with the account that asks."""
    shared = here.sharing.shared_with(body["asker"], body["region"])
    groups = here.inference.region(body["region"]).groups.values()
    return [{**asdict(each), "policy": None} for each in groups if each.arn in shared]


def _invitations(here: Asking, body: dict[str, Any]) -> Any:
    return here.sharing.invitations(body["asker"])


def _pull(here: Asking, body: dict[str, Any]) -> Any:
    return provisions.told_image(here.inference.holdings, body["named"], here.layer)


def _layer(here: Asking, body: dict[str, Any]) -> Any:
    region, repository, digest = body["place"]
    content = here.layer(region, repository, digest)
    return None if content is None else base64.b64encode(content).decode()


def _fetch(here: Asking, body: dict[str, Any]) -> Any:
    options = {"prefix": bool(body["prefix"]), "content": bool(body["content"])}
    return provisions.told_objects(here.inference.holdings, _location(body), **options)


_QUESTIONS: dict[str, Callable[[Asking, dict[str, Any]], Any]] = {
    "bucket": _bucket,
    "objects": _objects,
    "image": _image,
    "key": _key,
    "package": _package,
    "groups": _groups,
    "invitations": _invitations,
    "pull": _pull,
    "layer": _layer,
    "fetch": _fetch,
}
