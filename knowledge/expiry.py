"""What lifecycle rules take away in time: objects of a bucket, images of a repository.

Sources: "Lifecycle configuration elements" and "Examples of S3 Lifecycle configurations" (Amazon S3 User Guide,
intro-lifecycle-rules), "Lifecycle policy parameters" and "How lifecycle policies work" (Amazon ECR User Guide,
LifecyclePolicies): an image that matches the selection of a rule can't be expired by a rule of a lower priority.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

OUT_OF_REACH = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes from which an object can't be read before somebody restores it."""


class MalformedLifecycleError(ValueError):
    """A text that is no lifecycle policy; the message says what is wrong with it."""


@dataclass(frozen=True)
class Stored:
    """An object: its key (ending in `/` for a prefix), its tags and size where they are known."""

    key: str
    tags: Mapping[str, str] | None = None
    size: int | None = None

    @property
    def is_prefix(self) -> bool:
        """Whether it stands for everything below a prefix."""
        return not self.key or self.key.endswith("/")


def _of(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _field(item: Any, name: str) -> Any:
    """A field in Pulumi's spelling (`prefix`) or the API's (`Prefix`)."""
    if not isinstance(item, Mapping):
        return None
    found = item.get(name)
    return found if found is not None else item.get(name[:1].upper() + name[1:])


def takes_objects(rule: Mapping[str, Any]) -> str:
    """What a rule of a bucket does to current objects in the end: `deletes`, `archives` or "" (nothing)."""
    if _field(rule, "status") == "Disabled" or _field(rule, "enabled") is False:
        return ""
    for expiration in _of(_field(rule, "expiration")):
        if _field(expiration, "days") or _field(expiration, "date"):
            return "deletes"
    transitions = _of(_field(rule, "transitions")) + _of(_field(rule, "transition"))
    return "archives" if any(_field(one, "storageClass") in OUT_OF_REACH for one in transitions) else ""


def _blocks(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield rule
    for chosen in _of(_field(rule, "filter")):
        yield chosen
        yield from _of(_field(chosen, "and"))


def _tags(blocks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for block in blocks:
        tags = _field(block, "tags")
        if isinstance(tags, Mapping):
            wanted |= {str(key): str(value) for key, value in tags.items()}
        for tag in [*_of(_field(block, "tag")), *(_of(tags) if not isinstance(tags, Mapping) else [])]:
            wanted[str(_field(tag, "key"))] = str(_field(tag, "value"))
    return wanted


def prefix_of(rule: Mapping[str, Any]) -> str:
    """The keys' prefix to which a rule of a bucket is limited; "" for all keys."""
    return max((str(_field(block, "prefix") or "") for block in _blocks(rule)), key=len)


def selects_object(rule: Mapping[str, Any], stored: Stored) -> bool | None:
    """Whether a rule of a bucket is about an object; None when it depends on tags or a size that aren't known."""
    blocks = list(_blocks(rule))
    prefixes = [str(prefix) for block in blocks if (prefix := _field(block, "prefix"))]
    for prefix in prefixes:
        if not stored.key.startswith(prefix) and not (stored.is_prefix and prefix.startswith(stored.key)):
            return False
    wanted = _tags(blocks)
    if wanted and stored.tags is not None and any(stored.tags.get(key) != value for key, value in wanted.items()):
        return False
    above = [int(size) for block in blocks if (size := _field(block, "objectSizeGreaterThan"))]
    below = [int(size) for block in blocks if (size := _field(block, "objectSizeLessThan"))]
    if stored.size is not None and not (
        all(stored.size > size for size in above) and all(stored.size < size for size in below)
    ):
        return False
    if (wanted and stored.tags is None) or ((above or below) and stored.size is None):
        return None
    return True


@dataclass(frozen=True)
class ImageRule:
    """One rule of a repository's lifecycle policy."""

    priority: int
    action: str
    tag_status: str
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    counts: str = ""
    number: int = 0

    def selects(self, tags: Sequence[str]) -> bool:
        """Whether it is about an image that has these tags: all prefixes, or all patterns, have to be met."""
        if self.tag_status == "untagged":
            return not tags
        if self.tag_status == "any":
            return True
        if not tags:
            return False
        return all(any(tag.startswith(prefix) for tag in tags) for prefix in self.prefixes) and all(
            any(fnmatchcase(tag, pattern) for tag in tags) for pattern in self.patterns
        )

    @property
    def words(self) -> str:
        """As a sentence's object: `rule 1 (untagged, sinceImagePushed 14)`."""
        which = ", ".join((self.tag_status, *self.prefixes, *self.patterns))
        return f"rule {self.priority} ({which}; {self.counts} {self.number})"


def image_rules(policy: str | Mapping[str, Any]) -> list[ImageRule]:
    """The rules of a repository's lifecycle policy by priority; raises MalformedLifecycleError."""
    try:
        document: Any = json.loads(policy) if isinstance(policy, str) else policy
        rules = [
            ImageRule(
                priority=int(rule["rulePriority"]),
                action=str(rule["action"]["type"]),
                tag_status=str(rule["selection"]["tagStatus"]),
                prefixes=tuple(map(str, rule["selection"].get("tagPrefixList") or [])),
                patterns=tuple(map(str, rule["selection"].get("tagPatternList") or [])),
                counts=str(rule["selection"].get("countType", "")),
                number=int(rule["selection"].get("countNumber", 0)),
            )
            for rule in document["rules"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MalformedLifecycleError(
            f"this is no lifecycle policy of Amazon ECR ({type(error).__name__}: {error}): {str(policy)[:80]!r}."
        ) from error
    return sorted(rules, key=lambda rule: rule.priority)


def takes_image(rules: Sequence[ImageRule], tags: Sequence[str]) -> ImageRule | None:
    """The rule that takes an image with these tags sooner or later; None when none does.

    Ages and counts only say when: an image that is used stays, and gets older and farther from the newest.
    """
    return next((rule for rule in rules if rule.selects(tags)), None)
