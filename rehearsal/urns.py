"""URNs: `urn:pulumi:<stack>::<project>::<parent types joined by $>$<type>::<name>`, and references to providers."""

from __future__ import annotations

from functools import lru_cache

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


def make(stack: str, project: str, parent: str | None, type_: str, name: str) -> str:
    """The URN of a resource; the root stack never appears among the parents' types."""
    outer = qualified_type(parent) if parent else ""
    prefix = f"{outer}$" if outer and outer != STACK_TYPE else ""
    return f"urn:pulumi:{stack}::{project}::{prefix}{type_}::{name}"


@lru_cache(maxsize=8192)
def parts(urn: str) -> tuple[str, str, str, str]:
    """Stack, project, qualified type and name of a URN; the name may contain `::`. Raises ValueError for other text."""
    if not urn.startswith("urn:pulumi:"):
        raise ValueError(f"{urn!r} isn't a URN: it doesn't start with urn:pulumi:")
    found = urn.removeprefix("urn:pulumi:").split("::", 3)
    if len(found) != 4:  # noqa: PLR2004
        raise ValueError(f"{urn!r} isn't a URN: it needs a stack, a project, a type and a name")
    return found[0], found[1], found[2], found[3]


def qualified_type(urn: str) -> str:
    """The type with those of the parents in front."""
    return parts(urn)[2]


def type_of(urn: str) -> str:
    """The resource's own type."""
    return parts(urn)[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The resource's logical name."""
    return parts(urn)[3]


def package_of(type_: str) -> str:
    """The package that provides a type: `aws` for aws:s3/bucket:Bucket, `aws` for pulumi:providers:aws too."""
    return type_.removeprefix(PROVIDER_PREFIX) if is_provider_type(type_) else type_.split(":", 1)[0]


def is_provider_type(type_: str) -> bool:
    """Whether resources of this type are providers themselves."""
    return type_.startswith(PROVIDER_PREFIX)


def is_default_provider(urn: str) -> bool:
    """Whether the URN is that of a provider the engine made by itself."""
    return is_provider_type(type_of(urn)) and name_of(urn).startswith("default")


def provider_reference(urn: str, id_: str) -> str:
    """How resources refer to their provider."""
    return f"{urn}::{id_}"


def provider_of(reference: str) -> tuple[str, str]:
    """URN and id of a provider reference."""
    urn, _, id_ = reference.rpartition("::")
    if not urn:
        raise ValueError(f"{reference!r} isn't a reference to a provider: expected <urn>::<id>")
    return urn, id_
