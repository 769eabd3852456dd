"""
How rules read: properties that may be unknown, resources, and what refers to what.

Place: between pulumi-policy's arguments and the rules. In a preview any property may be unknown, and pulumi-policy then
raises `UnknownValueError` on every access: `get`, `in`, `values()`, and for a list on the first unknown element. Left
alone, one unknown ends the whole rule and turns it into an advisory line. A `Block` defers that: what is unknown raises
only where a rule really needs it, so that everything around it is still judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

from pulumi_policy.proxy import UnknownValueError


class Options(Protocol):
    """The part of pulumi-policy's resource options that rules read."""

    protect: bool
    delete_before_replace: bool | None


class Judged(Protocol):
    """What `ResourceValidationArgs` and `PolicyResource` have in common."""

    resource_type: str
    props: Mapping[str, Any]
    urn: str
    name: str
    opts: Options


class Block:
    """
    A resource's properties, or an object among them.

    Every reading method raises `UnknownValueError` when the value asked for isn't known before `up`, and only then.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "", unknown: UnknownValueError | None = None) -> None:
        self._values = values
        self._unknown = unknown
        self.path = path
        """As users write it: `productionVariants[0].serverlessConfig`."""

    def _get(self, name: str) -> Any:
        if self._unknown is not None:
            raise self._unknown
        if name not in iter(self._values):  # iterating keys is the one access that never raises
            return None
        return self._values[name]

    def where(self, name: str) -> str:
        """The full path of one property, for messages."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the property is set, be its value known or not."""
        if self._unknown is not None:
            raise self._unknown
        return name in iter(self._values) and not self._is_none(name)

    def _is_none(self, name: str) -> bool:
        try:
            return self._values[name] is None
        except UnknownValueError:
            return False

    def text(self, name: str) -> str:
        """A text; empty when unset."""
        value = self._get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool | None:
        """A boolean, or None when unset. Providers accept the words as well."""
        value = self._get(name)
        if isinstance(value, str):
            return value.lower() == "true"
        return None if value is None else bool(value)

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty when unset."""
        value = self._get(name)
        return [str(element) for element in value] if isinstance(value, Sequence) and not isinstance(value, str) else []

    def count(self, name: str) -> int:
        """How many elements a list has, known or not; 0 when unset."""
        value = self._get(name)
        return len(value) if isinstance(value, Sequence) and not isinstance(value, str) else 0

    def block(self, name: str) -> Block | None:
        """An object, or None when unset. One that is unknown as a whole raises when something in it is read."""
        try:
            value = self._get(name)
        except UnknownValueError as unknown:
            return Block({}, self.where(name), unknown)
        return Block(value, self.where(name)) if isinstance(value, Mapping) else None

    def blocks(self, name: str) -> list[Block]:
        """A list of objects. An unknown element, or list, raises when something in it is read, not before."""
        try:
            value = self._get(name)
        except UnknownValueError as unknown:
            return [Block({}, self.where(name), unknown)]
        if not isinstance(value, Sequence) or isinstance(value, str):
            return []
        return [_element(value, index, f"{self.where(name)}[{index}]") for index in range(len(value))]


def _element(values: Sequence[Any], index: int, path: str) -> Block:
    try:
        value = values[index]
    except UnknownValueError as unknown:
        return Block({}, path, unknown)
    return Block(value if isinstance(value, Mapping) else {}, path)


def path_of(unknown: UnknownValueError) -> str:
    """The path of an unknown value as users write it: `productionVariants[0].modelName`."""
    return "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in unknown.props).lstrip(".")


class Resource:
    """One resource as a rule sees it: in a resource rule its checked inputs, in a stack rule its outputs."""

    def __init__(self, judged: Judged, inputs: frozenset[str] | None = None) -> None:
        """`inputs`: names of the properties that the program sets, where they are known apart from outputs."""
        self._inputs = inputs
        self.type = judged.resource_type
        self.name = judged.name
        self.urn = judged.urn
        self.options = judged.opts
        self.properties = Block(judged.props)
        self._property_dependencies: Mapping[str, Sequence[Judged]] = getattr(judged, "property_dependencies", {})

    @property
    def label(self) -> str:
        """How messages call it: `Model decision-trees`."""
        return f"{self.type.rpartition(':')[2]} {self.name}"

    def sets(self, name: str) -> bool:
        """
        Whether the program sets a property, as far as can be told.

        A stack rule sees outputs, where a provider fills in what the program left out: a role that was refreshed lists
        the policies of other resources, also those that are about to be deleted.
        """
        return name in self._inputs if self._inputs is not None else True

    def tag(self, key: str) -> str | None:
        """The value of a tag, None when it is unset. Raises `UnknownValueError` when it can't be known."""
        tags = self.properties.block("tags")
        return tags.text(key) if tags is not None and tags.has(key) else None

    def depends_by(self, name: str) -> frozenset[str]:
        """URNs of the resources whose outputs went into one of its (top-level) properties."""
        return frozenset(dependency.urn for dependency in self._property_dependencies.get(name, ()))


class Stack:
    """All resources of a stack, with what refers to what: by dependency, and by value where values are known."""

    def __init__(self, resources: Sequence[Judged], inputs: Mapping[str, frozenset[str]] | None = None) -> None:
        """`inputs`: by URN the names of the properties that the program sets, where they were seen."""
        self.deploying: dict[str, list[Resource]] | None = None
        """Endpoint configurations by the URN of the models they deploy, once `policies.use` has followed them."""

        self._by_urn: dict[str, Resource] = {}
        self._by_type: dict[str, list[Resource]] = {}
        for each in resources:
            resource = Resource(each, (inputs or {}).get(each.urn))
            self._by_urn[resource.urn] = resource
            self._by_type.setdefault(resource.type, []).append(resource)

    def of_type(self, *types: str) -> list[Resource]:
        """The resources of these types, type by type in the order of registration."""
        return [resource for each in types for resource in self._by_type.get(each, ())]

    @cached_property
    def _by_identity(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self._by_urn.values():
            for identity in dict.fromkeys(_identities(resource)):
                found.setdefault(identity, []).append(resource)
        return found

    def referred(self, referring: Resource, prop: str, value: str | None, *types: str) -> list[Resource]:
        """
        The resources of `types` that a top-level property of `referring` refers to.

        `value` is what the property says, None when unknown. Dependencies that Pulumi recorded count first, so that a
        reference is followed in a preview too; a literal ARN, name or id is compared with what resources say of
        themselves.
        """
        depended = [self._by_urn[urn] for urn in sorted(referring.depends_by(prop)) if urn in self._by_urn]
        found = [resource for resource in depended if resource.type in types]
        if found or not value:
            return found
        return [resource for resource in self._by_identity.get(value, ()) if resource.type in types]

    @cached_property
    def _followed(self) -> dict[tuple[str, str, str], dict[str, list[Resource]]]:
        return {}

    def referring(self, resource: Resource, token: str, prop: str) -> list[Resource]:
        """The resources of type `token` whose property `prop` (a text, or a list of texts) refers to `resource`."""
        key = (token, prop, resource.type)
        if key not in self._followed:
            back: dict[str, list[Resource]] = {}
            for each in self.of_type(token):
                targets = [t for value in _values(each, prop) for t in self.referred(each, prop, value, resource.type)]
                for urn in dict.fromkeys(target.urn for target in targets):
                    back.setdefault(urn, []).append(each)
            self._followed[key] = back
        return self._followed[key].get(resource.urn, [])


def _values(resource: Resource, prop: str) -> list[str | None]:
    try:
        return [*resource.properties.texts(prop)] or [resource.properties.text(prop)]
    except UnknownValueError:
        return [None]


def _identities(resource: Resource) -> Iterator[str]:
    for name in ("arn", "name", "keyId", "id", "bucket"):
        try:
            yield resource.properties.text(name)
        except UnknownValueError:
            continue  # not yet known, so no literal can have named it
