"""What a container is made of: its image and its artifacts, out of this account or out of another one beside it.

Bytes are fetched only for containers that don't run yet. Whose right it is to read them is judged where endpoints are
deployed and patched (dependencies.py), not here.
"""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any

from rehearsal.account.images import Image, read_image, unfetched

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.account.holdings import Holdings, ImageReference

    Blob = Callable[[str], bytes | None]
    """Bytes of a layer or config by digest, or None."""
    Layer = Callable[[str, str, str], bytes | None]
    """Bytes of a layer by region, repository and digest, or None."""
    Stored = tuple[str, str, Callable[[], bytes]]
    """An object below /opt/ml/model by name, what tells its content from another one's, and the way to its bytes."""


def pull(holdings: Holdings, reference: ImageReference, layer: Layer) -> tuple[Image, Blob]:
    """An image, and the way to its layers. Raises Refusal (ModelError) when it can't be had."""
    if reference.account == holdings.account:
        repository, held = holdings.repository(reference), holdings.image(reference)
        if held is None:
            raise unfetched(f"Requested image {reference.named} not found.")

        def own(digest: str) -> bytes | None:
            return layer(reference.region, reference.repository, digest)

        return read_image(repository, held, own), own
    neighbours = holdings.neighbours
    if neighbours is None or not neighbours.known(reference.account):
        raise unfetched(f"Image {reference.named} lies outside this emulated account's ECR; it can't be run here.")
    told = neighbours.ask(reference.account, "pull", named=reference.named)
    if told is None:
        raise unfetched(f"Requested image {reference.named} not found.")

    def foreign(digest: str) -> bytes | None:
        place = [reference.region, reference.repository, digest]
        content = neighbours.ask(reference.account, "layer", place=place)
        return None if content is None else base64.b64decode(content)

    return Image(told["digest"], tuple(told["layers"]), told["settings"]), foreign


def fetch(holdings: Holdings, location: tuple[str, str], *, prefix: bool) -> list[Stored]:
    """The objects of an artifact's address; none where there is none."""
    bucket, key = location
    if holdings.bucket(bucket) is not None or holdings.neighbours is None:
        found = _own(holdings, location, prefix=prefix)
        return [(name, _mark(entry), partial(_value, entry)) for name, entry in found]
    ask = partial(holdings.neighbours.anyone, "fetch", location=[bucket, key], prefix=prefix)

    def foreign(name: str) -> bytes:
        content = {each["name"]: each["content"] for each in ask(content=True) or []}
        if name not in content:
            raise unfetched(f"s3://{bucket}/{key} was deleted while it was fetched.")
        return base64.b64decode(content[name])

    return [(each["name"], each["mark"], partial(foreign, each["name"])) for each in ask(content=False) or []]


def _value(entry: Any) -> bytes:
    return bytes(entry.value)


def _own(holdings: Holdings, location: tuple[str, str], *, prefix: bool) -> list[tuple[str, Any]]:
    bucket, key = location
    if prefix:
        return [(each.name.removeprefix(key).lstrip("/"), each) for each in holdings.objects(bucket, key)]
    held = holdings.object(bucket, key)
    return [] if held is None else [("model.tar.gz", held)]


def _mark(entry: Any) -> str:
    return f"{entry.etag} {entry.version_id}"


# --- for another account ---------------------------------------------------------------------------------------------


def told_image(holdings: Holdings, named: str, layer: Layer) -> dict[str, Any] | None:
    """What another account is told of an image here; None: it isn't there."""
    from rehearsal.account.holdings import image_reference

    reference = image_reference(named)
    if reference is None or holdings.image(reference) is None:
        return None
    image, _ = pull(holdings, reference, layer)
    return {"digest": image.digest, "layers": list(image.layers), "settings": image.settings}


def told_objects(holdings: Holdings, location: tuple[str, str], *, prefix: bool, content: bool) -> list[Any] | None:
    """What another account is told of objects here, with their bytes if it wants them; None: no such bucket."""
    if holdings.bucket(location[0]) is None:
        return None
    return [
        {"name": name, "mark": _mark(entry)}
        | ({"content": base64.b64encode(bytes(entry.value)).decode()} if content else {})
        for name, entry in _own(holdings, location, prefix=prefix)
    ]
