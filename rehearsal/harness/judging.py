"""One rule, judged as the engine would have it judged: pulumi-policy's own servicer and proxy, the engine's own client.

A rule that gets a plain dictionary in a test never meets an unknown value, a proxy that is no dict, or a secret; see
https://github.com/pulumi/pulumi-policy/issues/445.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.values import Properties, contains_unknowns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rehearsal.state import ResourceState
    from rehearsal.wire.analyzer import Analyzer

STACK, PROJECT, PACK = "rehearsal", "judged", "judged"
_UNDECIDED = "can't run "


@dataclass(frozen=True)
class Resource:
    """A resource as a program registers it: what a rule is shown.

    `properties`: what the program sets; `outputs`: what the provider adds, which only rules of a whole stack see.
    `depends`: property -> the resources whose outputs went into it; `options`: names of Pulumi's, in Python's spelling.
    """

    type: str
    name: str = "judged"
    properties: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    depends: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    parent: Resource | None = None
    provider: Properties | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """As the engine would make it."""
        from rehearsal import urns

        return urns.make(STACK, PROJECT, self.parent.urn if self.parent else None, self.type, self.name)


def resource(type_: str, name: str = "judged", /, **properties: Any) -> Resource:
    """A resource by its type, its name and its properties, named as on the wire (`versioningConfiguration`)."""
    return Resource(type_, name, properties)


@dataclass(frozen=True)
class Judgement:
    """What a rule said, each time in its own words.

    `violations`: what it refuses (mandatory); `advice`: what it advises; `undecided`: what it could not judge because a
    value isn't known before the update; `not_applicable`: its reasons for not judging; `remediated`: the properties as
    it changed them, or None.
    """

    violations: list[str]
    advice: list[str]
    undecided: list[str]
    not_applicable: list[str]
    remediated: Properties | None = None

    @property
    def passed(self) -> bool:
        """It judged, and found nothing."""
        return not (self.violations or self.advice or self.undecided or self.not_applicable)


@dataclass(frozen=True)
class Judge:
    """Lets one rule judge one resource; `given` sets the circumstances.

    `preview`: the mode. Values may be `UNKNOWN` in a preview only; the rule sees it as `pulumi.runtime.is_dry_run()`.
    `level`: advisory, mandatory, remediate or disabled (None: the rule's own, else mandatory).
    `config`: the rule's configuration, completed and checked by its schema. `tags`: the stack's tags.
    `among`: the stack's other resources, for rules of the whole stack.
    """

    preview: bool = True
    level: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    among: Sequence[Resource] = ()

    def given(self, **circumstances: Any) -> Judge:
        """The same under other circumstances. Raises TypeError for one that there isn't."""
        return replace(self, **circumstances)

    def __call__(self, rule: Any, type_: str | Resource, /, **properties: Any) -> Judgement:
        """Let a rule judge a resource, or, when it is a rule of the whole stack, all of them.

        Args:
            rule: a `ResourceValidationPolicy` or `StackValidationPolicy` of pulumi-policy.
            type_: the resource's type, or a whole `Resource`.
            properties: as on the wire, each a keyword; `Secret(value)` and `UNKNOWN` stand for what they say.

        Raises:
            ValueError: an unknown value in an update, or a level or option that there isn't.
            PackError: the configuration isn't what the rule's schema wants.
            Exception: whatever the rule raises.

        """
        judged = type_ if isinstance(type_, Resource) else resource(type_)
        judged = replace(judged, properties={**judged.properties, **properties})
        everything = _with_those_needed([judged, *self.among])
        if not self.preview and any(contains_unknowns({**r.properties, **r.outputs}) for r in everything):
            raise ValueError("nothing is unknown in an update: UNKNOWN is for previews (preview=True)")
        pack = _pack(rule, preview=self.preview, level=self.level, config=self.config, tags=self.tags)
        return copy_context().run(_judged, pack, judged, everything, self.preview)


def _judged(pack: Analyzer, judged: Resource, everything: Sequence[Resource], preview: bool) -> Judgement:
    """In a context of its own, as judging sets the SDK's settings; they are where a rule sees in which mode it is."""
    state, dbr = _state(judged), judged.options.get("delete_before_replace")
    source = None if judged.provider is None else _provider(judged)
    with _as_a_pack(preview=preview):
        changes = pack.remediate(state, dbr, source)
        remediated = [c for c in changes if not c.diagnostic]
        if remediated:
            state.inputs = remediated[-1].properties
        answer = pack.analyze(state, dbr, source)
        states = [_state(r, outputs=True) for r in everything]
        whole = pack.analyze_stack(states, {state.urn: dbr}, {})
    undecided = [c.diagnostic for c in changes if c.diagnostic]
    findings = [*answer.findings, *whole.findings]
    said = [(f.level, f.message.removeprefix(f.description).lstrip("\n")) for f in findings]
    return Judgement(
        violations=[text for grade, text in said if grade == "mandatory"],
        advice=[text for grade, text in said if grade != "mandatory" and not text.startswith(_UNDECIDED)],
        undecided=[t.partition("during preview: ")[2] for t in [*undecided, *(t for _, t in said)]
                   if t.startswith(_UNDECIDED)],
        not_applicable=[*answer.not_applicable.values(), *whole.not_applicable.values()],
        remediated=state.inputs if remediated else None,
    )  # fmt: skip


def _with_those_needed(resources: Sequence[Resource]) -> list[Resource]:
    """The resources and all that they depend on or are part of, each once, those needed first."""
    found: dict[str, Resource] = {}

    def add(one: Resource) -> None:
        for needed in [*([one.parent] if one.parent else []), *(r for rs in one.depends.values() for r in rs)]:
            add(needed)
        found.setdefault(one.urn, one)

    for one in resources:
        add(one)
    return list(found.values())


def _state(one: Resource, *, outputs: bool = False) -> ResourceState:
    from rehearsal.state import ResourceState

    by_property = {key: [r.urn for r in needed] for key, needed in one.depends.items()}
    needed = list(dict.fromkeys(urn for urns in by_property.values() for urn in urns))
    options = {k: v for k, v in one.options.items() if k != "delete_before_replace"}
    unknown = [k for k in options if k not in ResourceState.__dataclass_fields__]
    if unknown:
        raise ValueError(f"there is no resource option {', '.join(unknown)} that a policy is shown")
    return ResourceState(
        one.urn, one.type, custom=True, inputs=dict(one.properties),
        outputs={**one.properties, **one.outputs} if outputs else {}, parent=one.parent.urn if one.parent else "",
        dependencies=needed, property_dependencies=by_property, **options,
    )  # fmt: skip


def _provider(one: Resource) -> ResourceState:
    package = one.type.split(":", 1)[0]
    return _state(Resource(f"pulumi:providers:{package}", "default", dict(one.provider or {})))


@contextmanager
def _as_a_pack(*, preview: bool) -> Iterator[None]:
    """The environment that the engine gives a pack's process."""
    own = {"PULUMI_ORGANIZATION": "organization", "PULUMI_PROJECT": PROJECT, "PULUMI_STACK": STACK,
           "PULUMI_DRY_RUN": "true" if preview else "false", "PULUMI_CONFIG": "{}"}  # fmt: skip
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _pack(
    rule: Any, *, preview: bool, level: str | None, config: Mapping[str, Any], tags: Mapping[str, str]
) -> Analyzer:
    """A pack of this one rule, which lives in this process: the real servicer, without the wire between."""
    from pulumi_policy.policy import EnforcementLevel, Policy, _PolicyAnalyzerServicer

    from rehearsal.engine.configuring import LEVEL, configuration
    from rehearsal.wire.analyzer import LEVELS, Analyzer, StackFacts

    if not isinstance(rule, Policy):
        raise TypeError(f"a rule is a policy of pulumi-policy, not {type(rule).__name__}: {rule!r}")
    if level is not None and level not in LEVELS.values():
        raise ValueError(f"there is no enforcement level {level!r}, only {', '.join(LEVELS.values())}")
    servicer = _PolicyAnalyzerServicer(PACK, "0.0.1", [rule], EnforcementLevel.MANDATORY)

    class InProcess(Analyzer):
        """A pack that isn't started, because it is here."""

        def __init__(self) -> None:
            self.directory, self.declared = Path(PACK), ""
            self._stub: Any = _Stub(servicer)
            facts = StackFacts("organization", PROJECT, STACK, preview, {}, frozenset(), tags, {})
            self._begin(facts)

    pack = InProcess()
    chosen = {rule.name: {**config, **({LEVEL: level} if level else {})}}
    settled = configuration(pack, json.loads(json.dumps(chosen)))
    pack.levels = {name: row[LEVEL] for name, row in settled.items()}
    pack.configure(settled)
    return pack


class _Stub:
    """The servicer where a stub is expected."""

    def __init__(self, servicer: Any) -> None:
        self._servicer = servicer

    def __getattr__(self, method: str) -> Any:
        act = getattr(self._servicer, method)
        return lambda request, **_: act(request, None)
