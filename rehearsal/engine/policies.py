"""Policy packs: loading and configuring them, and having them judge resources.

Source: pulumi/pulumi, pkg/engine/update.go (loadPolicyPlugins), pkg/resource/analyzer/config.go and
pkg/resource/deploy/analyze_snapshot.go.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.engine.configuring import configuration, read
from rehearsal.errors import PackError
from rehearsal.wire.analyzer import Analyzed, Analyzer, Finding, StackFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rehearsal.engine.deployment import Deployment
    from rehearsal.state import ResourceState
    from rehearsal.wire.plugin import Say


class Policies:
    """The packs of one run. They load in the background; whoever needs them first waits for them."""

    def __init__(self, packs: Sequence[tuple[Path, Path | None]], facts: StackFacts, address: str, say: Say) -> None:
        self._pool = ThreadPoolExecutor(max(1, len(packs)), thread_name_prefix="pack")
        self._loading = [
            self._pool.submit(_load, directory, config, facts, address, say) for directory, config in packs
        ]
        self._levels: dict[str, dict[str, str]] = {}
        self.d: Deployment

    def packs(self) -> list[Analyzer]:
        """The packs, loaded and configured. Raises PackError with the first trouble."""
        try:
            return [future.result() for future in self._loading]
        except PackError as error:
            error.urn = ""  # it is of no resource, though one happened to be the first to be judged
            raise

    def versions(self) -> dict[str, str]:
        """Pack -> version, as the summary names them."""
        loaded = [f.result() for f in self._loading if f.done() and f.exception() is None]
        return {f"{p.name}|local|{p.directory}": p.version for p in loaded}

    def judge(self, new: ResourceState, delete_before_replace: bool | None) -> bool:
        """Let the packs change and judge the inputs of a resource; whether it may be. In a preview it always may."""
        if not self._loading:
            return True
        packs = self.packs()
        provider = self._provider(new)
        for pack in packs:
            self._remediate(pack, new, delete_before_replace, provider)
        analyzed = list(self._pool.map(lambda p: p.analyze(new, delete_before_replace, provider), packs))
        refused = False
        for pack, answer in zip(packs, analyzed, strict=True):
            for finding in answer.findings:
                refused = _weighty(finding) or refused
                self.d.events.violated(finding, new.urn)
            self._summary("Analyze", pack, answer, new.urn)
        self.d.saw_error = self.d.saw_error or refused
        return self.d.dry_run or not refused

    def _remediate(self, pack: Analyzer, new: ResourceState, dbr: bool | None, provider: ResourceState | None) -> None:
        for change in pack.remediate(new, dbr, provider):
            if change.diagnostic:
                note = Finding(change.policy, change.pack, change.version, "advisory", change.diagnostic, new.urn)
                self.d.events.violated(note, new.urn)
            else:
                self.d.events.remediated(change, new.urn, new.inputs)
                new.inputs = change.properties

    def judge_stack(self) -> None:
        """Let the packs judge all resources by their outputs."""
        if not self._loading:
            return
        d = self.d
        states = list(d.news.values())
        dbr = {urn: goal.delete_before_replace for urn, goal in d.goals.items()}
        providers = {s.provider: found for s in states if s.provider and (found := self._provider(s)) is not None}
        packs = self.packs()
        answers = list(self._pool.map(lambda p: p.analyze_stack(states, dbr, providers), packs))
        request = d.request
        root = urns.make(
            request.stack, request.project.name, None, urns.STACK_TYPE, f"{request.project.name}-{request.stack}"
        )
        for pack, answer in zip(packs, answers, strict=True):
            for finding in answer.findings:
                d.saw_error = _weighty(finding) or d.saw_error
                d.events.violated(finding, finding.urn if finding.urn in d.news else root)
            self._summary("AnalyzeStack", pack, answer, "")

    def _summary(self, kind: str, pack: Analyzer, answer: Analyzed, urn: str) -> None:
        failed = {f.policy for f in answer.findings}
        stack = kind == "AnalyzeStack"
        passed = [
            p.name
            for p in pack.policies
            if p.stack == stack and p.name not in failed and p.name not in answer.not_applicable
            and pack.levels.get(p.name) != "disabled"
        ]  # fmt: skip
        self.d.events.judged(kind, pack.name, pack.version, urn, passed, sorted(failed))

    def _provider(self, state: ResourceState) -> ResourceState | None:
        if not state.provider:
            return None
        urn, id_ = urns.provider_of(state.provider)
        found = self.d.news.get(urn)
        if found is not None:
            return found
        old = self.d.olds.get(urn)
        return old if old is not None and old.id == id_ else None

    def close(self) -> None:
        """End the packs."""
        closers = [self._pool.submit(f.result().close) for f in self._loading if f.exception() is None]
        for closer in closers:
            closer.result()
        self._pool.shutdown()


def _weighty(finding: Finding) -> bool:
    return finding.level in ("mandatory", "remediate")


def _load(
    directory: Path, config: Path | None, facts: StackFacts, address: str, say: Callable[[str, str], None]
) -> Analyzer:
    chosen = read(config) if config is not None else None
    pack = Analyzer(directory, facts, address, say)
    try:
        settled = configuration(pack, chosen)
        pack.levels = {name: row["enforcementLevel"] for name, row in settled.items()}
        if pack.supports_config and settled:
            pack.configure(settled)
    except BaseException:
        pack.close()
        raise
    return pack
