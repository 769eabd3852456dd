"""A hypothesis state machine that makes histories: it chooses what changes, and what goes wrong meanwhile.

`machine(program)` gives a class of its own for a program; every example that hypothesis runs is one history.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from changes import CHANGES, FAULTS
from histories import HOLDFAST, MAIN, TENANT, Broken, History, Incident, Program
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 9  # at least 8 changes in the median, with the first deployment and without what turned out to be nothing

_saves = st.integers(2, 24)
INCIDENTS = st.one_of(
    st.just(Incident()),
    st.sampled_from(FAULTS).map(lambda fault: Incident("fault", fault)),
    st.builds(lambda save, persisted: Incident("kill", save=save, persisted=persisted), _saves, st.booleans()),
    st.builds(lambda save: Incident("patch", save=save), _saves),
    st.builds(lambda save, count: Incident("scaling", save=save, count=count), _saves, st.integers(1, 4)),
)
LARGE = st.builds(
    lambda save, persisted: Incident("kill", save=save, persisted=persisted), st.integers(2, 70), st.booleans()
)
STEPS_OF_A_HISTORY = (*CHANGES, "image", "tenant", "remove", "autoscaling")
PACKS = st.integers(0, 4).map(lambda number: number == 4)  # in every fifth history the policy packs judge the runs
DEPLOYING = st.one_of(st.just(Incident()), LARGE, st.sampled_from(FAULTS).map(lambda fault: Incident("fault", fault)))


@dataclass
class Story:
    """What one history came to; `broken` is the kind of what it found, or ""."""

    program: str
    seed: int
    changes: int
    runs: int
    refused: int
    seconds: float
    coverage: dict[str, int]
    broken: str = ""
    words: str = ""
    log: list[str] = field(default_factory=list)


def of_a_deployment(incident: Incident, large: Incident) -> Incident:
    """What happens while a stack comes, instead of a change: it takes more saves, and has no endpoint to scale yet."""
    return large if incident.kind == "kill" else incident if incident.kind == "fault" else Incident()


def machine(  # noqa: C901  # a class, with its methods
    program: Program = HOLDFAST,
    *,
    told: Callable[[Story], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    order: int = 0,
) -> type[RuleBasedStateMachine]:
    """A state machine for a program; `told` gets what each history came to, and `stop` says when to end early.

    Hypothesis begins with the plainest example, which takes the first of everything; `order` says what is first.
    """
    steps = list(STEPS_OF_A_HISTORY)
    Random(order).shuffle(steps)

    class Histories(RuleBasedStateMachine):
        """Changes of a main stack and of a tenant that uses its key, with faults, kills, patches and autoscaling."""

        def __init__(self) -> None:
            super().__init__()
            self.history: History | None = None
            self.broken: Broken | None = None
            self.began = time.monotonic()

        @initialize(seed=st.integers(0, 2**32 - 1), incident=DEPLOYING, packs=PACKS)
        def begin(self, seed: int, incident: Incident, *, packs: bool) -> None:
            """The first deployment."""
            self.history = History(program, seed, packs=packs)
            self.do(lambda history: history.deploy(MAIN, incident))

        @rule(what=st.sampled_from(steps), incident=INCIDENTS, large=LARGE, previewed=st.booleans())
        def step(self, what: str, incident: Incident, large: Incident, *, previewed: bool) -> None:
            """The main stack's settings change; or it goes or comes; or a tenant, who uses its key, comes or goes."""
            assert self.history is not None
            if stop():
                return
            there = {name: stack.exists for name, stack in self.history.stacks.items()}
            if what == "tenant":
                if there[TENANT]:
                    self.do(lambda history: history.remove(TENANT, large if incident.kind == "kill" else incident))
                else:
                    self.do(lambda history: history.deploy(TENANT, of_a_deployment(incident, large)))
            elif not there[MAIN]:
                self.do(lambda history: history.deploy(MAIN, of_a_deployment(incident, large)))
            elif what == "remove":
                self.do(lambda history: history.remove(MAIN, large if incident.kind == "kill" else incident))
            elif what == "autoscaling":
                self.do(lambda history: history.autoscale())
            else:
                self.do(lambda history: history.change(what, incident, previewed=previewed))

        def do(self, what: Callable[[History], None]) -> None:
            """One step, whose finding is kept for the report."""
            assert self.history is not None
            try:
                what(self.history)
            except Broken as broken:
                self.broken = broken
                raise

        def teardown(self) -> None:
            """Say what it came to, and end the world."""
            history = self.history
            if history is None:
                return
            history.close()
            if told is not None:
                coverage = {f"{change} x {incident}": count for (change, incident), count in history.coverage.items()}
                told(
                    Story(
                        program.name, history.seed, history.changes, history.runs, history.refused,
                        round(time.monotonic() - self.began, 2), coverage, self.broken.kind if self.broken else "",
                        str(self.broken or ""), history.log,
                    )
                )  # fmt: skip

    return Histories


def explore(  # noqa: PLR0913  # the options of a test
    program: Program,
    seed: int,
    examples: int,
    told: Callable[[Story], None],
    *,
    steps: int = STEPS,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Run so many histories; raises what the first broken one found."""
    from hypothesis import seed as seeded

    made = machine(program, told=told, stop=stop, order=seed)
    seeded(seed)(made)
    given = {
        "max_examples": examples,
        "stateful_step_count": steps,
        "deadline": None,
        "database": None,
        "phases": [Phase.generate],  # shrinking would cost hours; the seed and the log of what happened are kept
        "verbosity": Verbosity.quiet,
        "suppress_health_check": list(HealthCheck),
        "report_multiple_bugs": False,
        "print_blob": False,
    }
    run_state_machine_as_test(made, settings=settings(**given), _min_steps=steps)
