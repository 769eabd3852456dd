"""One history: changes of stacks in an account of their own, and what must hold after each, whatever went wrong."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import autoscaling
import forks
import warm
import worlds
from changes import CHANGES, NARROW
from driven import HOLDFAST, Deployed, Program
from incidents import NOTHING, Broken, Incident
from words import refused, said, short

from pipeline.interrupted import taken_up

if TYPE_CHECKING:
    from changes import Change

PACK = warm.REPOSITORY / "policies" / "everything"
MAIN, TENANT = "rehearsal", "rehearsal-tenant"


@dataclass
class History:
    """Changes of one program's stacks in a world of its own.

    Args:
        program: what is driven.
        seed: of the choices that the changes themselves make.

    Attributes:
        converges: whether each change is followed by what must change nothing.
        packs: whether the policy packs judge the runs.
        lost: URNs of creations that a kill left in the dark and that could only be named.

    """

    program: Program = HOLDFAST
    seed: int = 0
    log: list[str] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: int = 0
    runs: int = 0
    lost: list[str] = field(default_factory=list)
    converges: bool = True
    packs: bool = False

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.world = worlds.world(self.program.folder)
        narrow = self.world.account.directory.parents[1] / "narrow.json"
        narrow.write_text(NARROW)
        self.narrow = str(narrow)
        ground = self.world.ground
        first = {
            "name": "decision-trees",
            "image": ground.images[0],
            "artifact": ground.artifacts[0],
            "instanceType": "ml.m5.large",
            "instanceCount": "1",
            "key": "own",
        }
        self.stacks = {
            MAIN: self._stack(MAIN, first),
            TENANT: self._stack(TENANT, {**first, "name": "decision-trees-tenant"}),
        }

    def _stack(self, name: str, settings: dict[str, str]) -> Deployed:
        return Deployed(forks.Stack(name, self.program.folder, {}), settings)

    @property
    def changes(self) -> int:
        """How many changes were made or refused."""
        return sum(self.coverage.values())

    def close(self) -> None:
        """End the world."""
        self.world.close()

    # --- what can happen --------------------------------------------------------------------------------------------

    def deploy(self, name: str = MAIN, incident: Incident = NOTHING) -> None:
        """A stack that isn't there comes to be; the tenant's uses the main one's key, where that has one."""
        main = self.stacks[MAIN]
        if name == TENANT:
            shared = main.exists and main.settings["key"] == "own"
            key = f"alias/{main.settings['name']}" if shared else self.world.ground.key
            self.stacks[TENANT].settings["key"] = key
        self._change(self.stacks[name], "deploy" if name == MAIN else "tenant", {}, incident, harmless=True)

    def change(self, kind: str, incident: Incident, *, previewed: bool = False) -> None:
        """A change of the main stack's settings."""
        change: Change = CHANGES[kind]
        main = self.stacks[MAIN]
        new = change.settings(main.settings, self.world.ground, self.random)
        new = {key: value.replace("{narrow}", self.narrow) for key, value in new.items()}
        self._change(main, kind, new, incident, harmless=change.harmless, previewed=previewed)

    def remove(self, name: str, incident: Incident) -> None:
        """The stack is destroyed, with the program, as guarded stacks must be."""
        deployed = self.stacks[name]
        label = "remove" if name == MAIN else "remove tenant"
        ran = self._run(deployed, "destroy", incident, run_program=True)
        self.coverage[label, incident.label] += 1
        self._note(f"{label} [{incident}]: {said(ran)}")
        self._must_hold(label, ran, gone=deployed.endpoint)
        if not ran.succeeded:
            self._allow_refusal(label, ran, incident, harmless=False)
            if incident.kind in ("fault", "kill"):
                self._take_up(deployed)
                again = self._run(deployed, "destroy", run_program=True)
                self._note(f"  again: {said(again)}")
                self._must_hold(label, again, gone=deployed.endpoint)
                ran = again if again.succeeded else ran
        if ran.succeeded:
            deployed.exists, deployed.stack.state, deployed.endpoint = False, None, ""
            return
        self._converge(deployed, label)

    def autoscale(self) -> None:
        """Somebody lets the main endpoint be scaled, or has it stopped; it acts, and the stack has nothing to do."""
        main = self.stacks[MAIN]
        on = not autoscaling.is_on(self.world, main.endpoint)
        self.coverage["autoscaling on" if on else "autoscaling off", "nothing"] += 1
        autoscaling.turn(self.world, main.endpoint, on=on)
        if on:
            autoscaling.act(self.world, main.endpoint, self.random.randint(autoscaling.LEAST, autoscaling.MOST))
        self._note(f"autoscaling {'on' if on else 'off'}")
        self._converge(main, "autoscaling", undisturbed=True)
        self.patch()

    def patch(self) -> None:
        """AWS patches; whatever was in service must still be."""
        report = self.world.account.patch()
        broken = [each for each in report if each["problems"]]
        if broken:
            raise Broken("an endpoint broke at a patch", json.dumps(broken))
        self._note(f"patch: {len(report)} sound")

    def nothing_is_orphaned(self) -> None:
        """What SageMaker, IAM and KMS hold for the stacks is in a state, or was named when a run had been killed."""
        known = " ".join(each.stack.state or "" for each in self.stacks.values())
        ours = {
            "SageMaker Model": [m["ModelName"] for m in self.world.client("sagemaker").list_models()["Models"]],
            "EndpointConfiguration": [
                one["EndpointConfigName"]
                for one in self.world.client("sagemaker").list_endpoint_configs()["EndpointConfigs"]
            ],
            "Endpoint": list(self.world.statuses()),
            "Role": [one["RoleName"] for one in self.world.client("iam").list_roles()["Roles"]],
            "Alias": [
                one["AliasName"]
                for one in self.world.client("kms").list_aliases()["Aliases"]
                if not one["AliasName"].startswith("alias/aws/") and one["AliasName"] != self.world.ground.key
            ],
        }
        orphans = {
            kind: missing
            for kind, names in ours.items()
            if (missing := [name for name in names if f'"{name}"' not in known])
        }
        if orphans and not self.lost:
            raise Broken("something is orphaned and nobody named it", json.dumps(orphans))

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _change(  # noqa: PLR0913  # what a change is
        self, deployed: Deployed, label: str, new: dict[str, str], incident: Incident, *, harmless: bool,
        previewed: bool = False,
    ) -> None:  # fmt: skip
        before = dict(deployed.settings)
        deployed.settings = {**before, **new}
        self.coverage[label, incident.label] += 1
        scaled = bool(deployed.endpoint) and autoscaling.is_on(self.world, deployed.endpoint)
        if incident.kind == "scaling" and deployed.endpoint and not scaled:
            autoscaling.turn(self.world, deployed.endpoint, on=True)
            scaled = True
        if scaled and new.get("instanceType", before.get("instanceType")) != before.get("instanceType"):
            harmless = False  # AWS would refuse it, and so a guard does
        if previewed and incident.kind in ("nothing", "scaling"):
            ran = self._run(deployed, "preview")
            if not ran.succeeded:
                self._note(f"{label} {new}: preview {said(ran)}")
                self._allow_refusal(label, ran, incident, harmless=harmless)
                deployed.settings = before
                self._must_hold(label, ran)
                return
            if incident.kind == "scaling":  # between plan and update
                autoscaling.act(self.world, deployed.endpoint, incident.count)
        ran = self._run(deployed, "up", incident)
        self._note(f"{label} {new} [{incident}]: {said(ran)}")
        self._must_hold(label, ran)
        if not ran.succeeded:
            self._allow_refusal(label, ran, incident, harmless=harmless)
            if incident.kind == "nothing" or self.random.random() < 0.5:
                deployed.settings = before if deployed.exists else deployed.settings
        deployed.exists = deployed.exists or ran.succeeded
        if self.converges:
            undisturbed = ran.succeeded and incident.kind in ("nothing", "patch", "scaling")
            self._converge(deployed, label, harmless=harmless, before=before, undisturbed=undisturbed)
        deployed.endpoint = deployed.settings["name"] if deployed.exists else ""
        self.patch()

    def _converge(  # what it comes from
        self,
        deployed: Deployed,
        label: str,
        *,
        harmless: bool = True,
        before: dict[str, str] | None = None,
        undisturbed: bool = False,
    ) -> None:
        """From wherever it is, another `up` succeeds, and the one after that, or this one already, changes nothing."""
        self._take_up(deployed)
        again = self._run(deployed, "up", refresh=True)
        if not again.succeeded and before is not None and not harmless and refused(again):
            deployed.settings = before  # it was refused only now: a fault had come first
            again = self._run(deployed, "up", refresh=True)
        self._must_hold(label, again)
        if not again.succeeded and self._take_up(deployed):
            self._note(f"  the next up: {said(again)}")
            again = self._run(deployed, "up", refresh=True)
            self._must_hold(label, again)
        if not again.succeeded:
            self._note(f"  the next up: {said(again)}")
            if self.program.strict:
                raise Broken("the next up fails", said(again))
            return
        if again.changed:
            if undisturbed and self.program.strict:
                raise Broken("a second up changes something", f"{said(again)} {again.steps}")
            self._note(f"  converged: {said(again)} {again.steps[:8]}")
            last = self._run(deployed, "up", refresh=True)
            self._must_hold(label, last)
            if self.program.strict and (not last.succeeded or last.changed):
                raise Broken("a second up changes something", said(last))
        deployed.exists = True
        deployed.endpoint = deployed.settings["name"]

    def _take_up(self, deployed: Deployed) -> bool:
        """What `holdfast refresh` does first when a run was interrupted; whether there was anything to do."""
        if deployed.stack.state is None or not self.program.strict:
            return False
        document = json.loads(deployed.stack.state)
        made = taken_up(document["deployment"], lambda: self.world.client("ec2"))
        if made.any:
            deployed.stack.state = json.dumps({**document, "deployment": made.deployment})
            words = {"taken up": made.adopted, "lost": made.lost, "dropped": made.dropped}
            self._note("  " + ", ".join(f"{word}: {[short(urn) for urn in urns]}" for word, urns in words.items()))
            self.lost += made.lost
        return made.any

    def _run(self, deployed: Deployed, operation: str, incident: Incident | None = None, **options: Any) -> forks.Ran:
        incident = incident or Incident()
        self.runs += 1
        deployed.stack.config = self.program.config(deployed.settings)
        account = self.world.account
        kill = at_save = None
        if incident.kind == "fault":
            account.arm(incident.fault)
        elif incident.kind == "kill":
            kill = forks.Kill(incident.save, incident.persisted)
        elif incident.kind == "patch":
            at_save = (incident.save, lambda: account.patch() and None)
        elif incident.kind == "scaling":
            at_save = (incident.save, lambda: autoscaling.act(self.world, deployed.endpoint, incident.count))
        if self.packs and operation in ("preview", "up"):
            options["policy_packs"] = [(PACK, None)]
        ran = forks.run(deployed.stack, operation, self.world.environment(), kill=kill, at_save=at_save, **options)
        if incident.kind == "fault":
            account.disarm()
        if ran.killed:
            self.world.lose_provider()
        return ran

    def _must_hold(self, label: str, ran: forks.Ran, gone: str = "") -> None:
        """Nobody took anything from an endpoint that serves, and those that were in service still are."""
        breaches = self.world.breaches()
        if breaches:
            raise Broken("something in use was taken away", f"during {label}: {json.dumps(breaches)[:2000]}")
        statuses = self.world.statuses()
        for _ in range(60):
            if all(status not in ("Updating", "RollingBack", "SystemUpdating") for status in statuses.values()):
                break
            self.world.account.advance(60)
            statuses = self.world.statuses()
        for each in self.stacks.values():
            if each.endpoint and each.endpoint != gone and statuses.get(each.endpoint) != "InService":
                allowed = each.endpoint not in statuses and each.settings["name"] != each.endpoint
                if not allowed:
                    what = f"{each.endpoint} is {statuses.get(each.endpoint, 'gone')} after {label}: {said(ran)}"
                    raise Broken("an endpoint is out of service", what)

    def _allow_refusal(self, label: str, ran: forks.Ran, incident: Incident, *, harmless: bool) -> None:
        if incident.kind in ("fault", "kill") or not self.program.strict:
            return
        if incident.kind == "scaling" and any("Cannot update in-progress endpoint" in error for error in ran.errors):
            return  # it was being scaled when its update came; the next run has to succeed
        if harmless or not refused(ran):
            raise Broken("a change fails without a reason", f"{label}: {said(ran)}")
        self.refused += 1

    def _note(self, words: str) -> None:
        self.log.append(words)
