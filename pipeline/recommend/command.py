"""`holdfast recommend`: look, ask, begin, follow, show, keep, apply."""

from __future__ import annotations

import datetime as dt
import json as json_format
import sys
from typing import TYPE_CHECKING, Any

from findings import exit_codes, terminal
from findings.printable import printable
from findings.summary import summarise
from pipeline import choices
from pipeline.engine import is_rehearsal
from pipeline.errors import PipelineError
from pipeline.recommend import applying, checks, cost, following, of_stack, pages, payload, record, results, showing
from pipeline.recommend.asked import Asked, Told, of_interrupted, of_status
from pipeline.recommend.jobs import OPEN, Jobs
from pipeline.recommend.request import Request, model_of
from pipeline.recommend.versions import described
from pipeline.stack_file import StackFile
from pipeline.whereabouts import account_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from findings.finding import Finding
    from guards.live import Account
    from pipeline.recommend.cost import Cost
    from pipeline.recommend.ground import Ground
    from pipeline.recommend.of_stack import Wanted
    from pipeline.recommend.results import Result

NO_SETTING = (
    "{file} has no setting recommender, so this stack has no recommendation jobs. Set it (docs/inference-recommender"
    ".md), run `holdfast up`, and ask again."
)


def carry_out(asked: Asked) -> int:
    """
    Do what was asked; the exit code.

    Raises:
        PipelineError: it can't be done as asked. Nothing was begun then, or the message says what runs.

    """
    project = choices.project_folder(asked.project)
    file = StackFile(project, asked.stack)
    wanted = of_stack.wanted_of(file, choices.settings([*asked.settings]), asked.instead)
    if wanted is None:
        raise PipelineError(NO_SETTING.format(file=file.path.name))
    session = Session(asked, project, file, wanted)
    told = session.do()
    if asked.json:
        sys.stdout.write(json_format.dumps(told.to_dict(asked), indent=2, ensure_ascii=False) + "\n")
    else:
        session.tell(told)
    return told.exit_code


class Session:
    """One command under way."""

    def __init__(self, asked: Asked, project: Path, file: StackFile, wanted: Wanted) -> None:
        from rich.console import Console

        self.asked, self.project, self.file, self.wanted = asked, project, file, wanted
        self.terminal = sys.stdin.isatty() and sys.stdout.isatty() and not asked.json
        self.console: Console = Console(quiet=asked.json, width=None if sys.stdout.isatty() else 160)
        self.simulated = is_rehearsal(asked.stack)
        on_interrupt = following.interrupt_of(asked.on_interrupt, terminal=self.terminal)
        if self.simulated:
            self._say(f"holdfast recommend, stack {asked.stack}. {showing.SIMULATED}")
        self.made = {} if wanted.complete else of_stack.made_by(project, asked.stack, choices.engine(asked.engine))
        self.account: Account = account_of(asked.stack, project)
        self.jobs = Jobs(self.account, self.simulated, asked.stack)
        self.follower = following.Follower(self.jobs, self.console, on_interrupt)
        self.told = Told()

    def do(self) -> Told:
        """The part that was asked for."""
        if self.asked.only_list:
            return self._list()
        if self.asked.stop:
            return self._stop()
        if self.asked.job:
            self._followed(self.asked.job, None, {})
        else:
            self._request()
        if self.told.result and self.told.result.ended:
            try:
                self._keep(self.told.result)
            except PipelineError as error:  # what came out is shown none the less
                self.told.said += f" But: {error}"
                self.told.exit_code = self.told.exit_code or error.exit_code
        return self.told

    def tell(self, told: Told) -> None:
        """The end, for a person."""
        if told.result and (told.result.ended or told.result.trials):
            showing.show(self.console, told.result)
        for name, change in told.applied.items():
            after, before = showing.setting(change["after"]), showing.setting(change["before"])
            self._say(f"{self.file.path.name}: {name} is {after} (it was {before}).")
        for path in told.files:
            self._say(f"Written: {path}")
        for one in told.running:
            self._say(f"Another job of this stack is running and costs: {one}. {self.jobs.command('--stop', one)}.")
        if told.said:
            self._say(told.said)

    # --- a new request, or one that was made before -------------------------------------------------------------

    def _request(self) -> None:
        ground = of_stack.whole(self.wanted.ground(self.made), self.asked.stack)
        request = self._made_request(ground)
        others = [one["JobName"] for one in self.jobs.running(request.prefix)]
        earlier = None if self.asked.again else self.jobs.earlier(request)
        self.told.running = [one for one in others if earlier is None or one != earlier.job]
        if earlier is not None:
            self.told.reused = True
            self._say(
                f"The same was asked on {results.moment(earlier.asked)}: job {earlier.job}. Nothing is spent; --again "
                "asks anew."
            )
            if self.asked.detach and not earlier.ended:
                self._left_running(earlier.job)
            else:
                self._followed(earlier.job, None, {"request": request})
            return
        self.told.findings = self._looked(ground, request)
        found = summarise(self.told.findings)
        terminal.render(self.told.findings, self.console)
        if found.refusing:
            self.told.exit_code = found.exit_code
            self.told.said = "Refused: nothing was begun."
            return
        types = [each for each, _ in request.combinations]
        prices = cost.prices(types, self.account.region, self.asked.prices, simulated=self.simulated)
        self.told.cost = cost.of(request, prices)
        if not self._agreed(request, self.told.cost):
            self.told.exit_code = exit_codes.INTERRUPTED
            self.told.said = "Nothing was begun."
            return
        self._begin(request, ground.bucket, self.told.cost)

    def _made_request(self, ground: Ground) -> Request:
        settings = self.wanted.recommender
        self._packed = payload.chosen(
            self.project, self.asked.sample, settings.payload, self.wanted.given.get("sample")
        )
        kinds = settings.content_types or [str(self.wanted.given.get("sampleContentType") or "text/csv")]
        return Request(
            prefix=self.wanted.name,
            version=ground.version,
            role=ground.role,
            payload=f"s3://{ground.bucket}/{self._packed.key}",
            content_types=tuple(kinds),
            subnets=ground.subnets,
            groups=ground.groups,
            key=ground.key,
            model=model_of(settings, self._version(ground.version)),
            settings=settings,
        )

    def _version(self, arn: str) -> dict[str, Any]:
        from guards.errors import AccountUnknown

        try:
            return described(self.account, arn)
        except AccountUnknown as error:
            raise PipelineError(f"version {arn} can't be read. {error}", exit_codes.UNKNOWN) from error

    def _looked(self, ground: Ground, request: Request) -> list[Finding]:
        from dataclasses import replace

        found = checks.findings(self.account, replace(ground, instances=request.instances, makes_endpoint=False))
        passed = sum(one.outcome == "passed" for one in found)
        self._say(f"Looked at what the job needs: {passed} checks passed, {len(found) - passed} didn't.")
        return [one for one in found if one.outcome != "passed"] if not self.asked.json else found

    def _agreed(self, request: Request, implied: Cost) -> bool:
        """What is about to be spent, and whether it is to be."""
        self._say(f"A new {request.settings.job} job for {request.version}:")
        for line in implied.lines():
            self._say(line, indent="  ")
        if self.asked.yes:
            return True
        if not self.terminal:
            raise PipelineError("nothing was begun: a job costs, and nobody is there to be asked. Give --yes.")
        sys.stderr.write("Begin it? [y/N] ")
        sys.stderr.flush()
        try:
            return sys.stdin.readline().strip().lower() in ("y", "yes")
        except KeyboardInterrupt:
            return False

    def _begin(self, request: Request, bucket: str, implied: Cost) -> None:
        s3 = self.account.client("s3")
        payload.upload(self._packed, bucket, request.key, s3)
        asked_by = self._asker()
        name = request.job_name(dt.datetime.now(dt.UTC))
        known: dict[str, Any] = {"asked_by": asked_by, "stack": self.asked.stack, "cost": implied.to_dict()}
        record.write(s3, bucket, name, request, **known)

        def begin() -> None:
            self.jobs.begin(request, name, asked_by=asked_by, stack=self.asked.stack)
            self._say(f"Begun: job {name}")

        if self.asked.detach:
            begin()
            self._left_running(name)
            return
        self._followed(name, begin, {"request": request, **known})

    def _left_running(self, name: str) -> None:
        self.told.result = self.jobs.result(name)
        self.told.said = f"Left running. {self.jobs.command('--job', name)} follows it; so does the same request."

    def _asker(self) -> str:
        from guards.errors import AccountUnknown

        try:
            return str(self.account.ask("sts", "get_caller_identity")["Arn"])
        except AccountUnknown as error:
            raise PipelineError(f"who asks can't be told. {error}", exit_codes.UNKNOWN) from error

    # --- a job --------------------------------------------------------------------------------------------------

    def _followed(self, name: str, begin: Callable[[], object] | None, known: dict[str, Any]) -> None:
        """Follow a job to its end, and record what came of it where its request is at hand."""
        try:
            self.told.result = self.follower.run(name, begin)
        except following.Interrupted as interrupted:
            self.told.result = interrupted.result
            self.told.exit_code = exit_codes.INTERRUPTED
            self.told.said = of_interrupted(interrupted, self.jobs.command("--job", name))
        else:
            status = self.told.result.status
            self.told.exit_code = exit_codes.OK if status == "COMPLETED" else exit_codes.FAILED
            self.told.said = of_status(self.told.result)
        if self.told.result:
            self._record(self.told.result, **known)

    def _record(self, result: Result, request: Request | None = None, **known: Any) -> None:
        """Record what came of it; where that fails the result is shown none the less."""
        bucket, s3 = self.wanted.ground(self.made).bucket, self.account.client("s3")
        try:
            if known and request:
                record.write(s3, bucket, result.job, request, result=result, **known)
            elif bucket and result.ended and (words := record.finish(s3, bucket, result, request, self.asked.stack)):
                self.told.said += f" {words}"
        except PipelineError as error:
            self.told.said += f" Not recorded: {error}"
            self.told.exit_code = self.told.exit_code or (error.exit_code if known else exit_codes.OK)

    def _keep(self, result: Result) -> None:
        """Write the report and the settings, as far as asked."""
        if self.asked.report:
            self.told.files = pages.write(result, self.asked.report)
        if result.status != "COMPLETED":
            self.told.said += " Nothing was applied: only a completed job is." if self.asked.apply else ""
            return
        if not self.asked.apply and not results.choosable(result):
            return
        chosen = results.choose(result, self.asked.choose)
        if self.asked.apply:
            self.told.applied = applying.apply(self.file, result, chosen)
            self.told.said += " Applied: look with `holdfast preview`, deploy with `holdfast up`."
        else:
            self.told.said += f" --apply --choose {self.asked.choose} writes trial {chosen.number} ({chosen.kind})."
        implied = applying.implied(self.wanted.given, chosen, self.file.path.name)
        self.told.said += f" {implied}" if implied else ""

    def _list(self) -> Told:
        for one in self.jobs.of_endpoint(self.wanted.name):
            state, asked = one["Status"].lower().replace("_", " "), results.moment(one["CreationTime"])
            self._say(f"{one['JobName']} {one['JobType']} {state} {asked}")
            named = {"job": one["JobName"], "type": one["JobType"], "status": one["Status"], "asked": asked}
            self.told.jobs.append(named)
            if one["Status"] in OPEN:
                self.told.running.append(one["JobName"])
        return self.told

    def _stop(self) -> Told:
        self.jobs.stop(self.asked.stop)
        self.told.result = self.jobs.result(self.asked.stop)
        state = self.told.result.status.lower()
        follow = self.jobs.command("--job", self.asked.stop)
        self.told.said = f"Job {self.asked.stop} is {state}. {follow} shows it."
        return self.told

    def _say(self, words: str, indent: str = "") -> None:
        self.console.print(indent + printable(words), highlight=False, markup=False, soft_wrap=True)
