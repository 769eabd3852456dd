"""What happens to recommendation jobs in time: they begin, their benchmarks take turns, and they are over.

Sources: RecommendationJobStatus and ListInferenceRecommendationsJobSteps (API reference), ResourceLimit (as many load
tests at a time), JobDurationInSeconds ("New jobs are not scheduled after the defined duration", "Run a custom load
test"). The durations beside the traffic's own, one instance a benchmark, and that network interfaces live as long as
a benchmark's endpoint does, are the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal
from rehearsal.account.inference import deployments
from rehearsal.account.inference.records import IN_SERVICE
from rehearsal.account.recommendations import ground, network, performance
from rehearsal.account.recommendations.limits import MOST_TESTS, USUAL_JOB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account.determinism import Determinism
    from rehearsal.account.inference.service import Inference
    from rehearsal.account.quotas import Quotas
    from rehearsal.account.recommendations.records import Benchmark, Job

PENDING_SECONDS = 30.0
REFUSED_SECONDS = 60.0
DELETE_SECONDS = 60.0
UNHEALTHY = (
    "ModelError when calling InvokeEndpoint operation: the model did not process the sample payload. Please check "
    "CloudWatch logs for this endpoint."
)


class Course:
    """The jobs of an account as time goes on.

    Args:
        inference: the emulated SageMaker, which holds the jobs.
        determinism: the account's time and randomness.
        quotas: the account's quotas.

    """

    def __init__(self, inference: Inference, determinism: Determinism, quotas: Quotas) -> None:
        self.inference = inference
        self.determinism = determinism
        self.quotas = quotas

    def settle(self, now: float) -> bool:
        """Lets everything happen that is due at `now`, in the order of its times; returns whether anything did."""
        happened = False
        while True:
            due = min(self._due(now), default=None, key=lambda each: (each[0], each[1].arn, each[2]))
            if due is None:
                return happened
            at, job, number = due
            with self.determinism.seeded(f"job-{job.arn}-{number}-{at}", at):
                self._happen(job, number, at)
            happened = True

    def _due(self, now: float) -> Iterator[tuple[float, Job, int]]:
        for region in self.inference.regions.values():
            for job in region.jobs.values():
                if job.due is not None and job.due <= now:
                    yield job.due, job, 0
                for benchmark in job.benchmarks:
                    if benchmark.phase not in ("waiting", "over") and benchmark.due <= now:
                        yield benchmark.due, job, benchmark.number

    def _happen(self, job: Job, number: int, at: float) -> None:
        if number == 0 and job.status == "STOPPING":
            job.due = None
        elif number == 0:
            self._begin(job, at)
        else:
            benchmark = job.benchmarks[number - 1]
            {"creating": self._created, "loading": self._loaded, "deleting": self._deleted}[benchmark.phase](
                job, benchmark, at
            )
        self._go_on(job, at)

    def _begin(self, job: Job, at: float) -> None:
        job.due, job.began = None, at
        self._move(job, "IN_PROGRESS", at)
        problems = ground.lacking(self.inference, job, at)
        if problems:
            job.failure_reason = " ".join(problem.reason for problem in problems)[:1024]
            for benchmark in job.benchmarks:
                benchmark.status, benchmark.phase = "FAILED", "over"
                benchmark.failure = problems[0].reason

    def _go_on(self, job: Job, at: float) -> None:
        """Starts as many waiting benchmarks as may run at a time, and ends the job when none is left."""
        most = (job.wanted.get("ResourceLimit") or {}).get("MaxParallelOfTests", MOST_TESTS)
        longest = job.wanted.get("JobDurationInSeconds", USUAL_JOB)
        for benchmark in job.benchmarks:
            running = sum(each.phase in ("creating", "loading", "deleting") for each in job.benchmarks)
            if benchmark.phase != "waiting" or running >= most:
                continue
            if at >= job.began + longest:
                benchmark.status, benchmark.phase = "STOPPED", "over"
                benchmark.failure = f"Not started: the job's duration of {longest} seconds had passed."
            else:
                self._start(job, benchmark, at)
        if all(each.phase == "over" for each in job.benchmarks):
            self._end(job, at)

    def _end(self, job: Job, at: float) -> None:
        if job.status == "STOPPING":
            self._move(job, "STOPPED", at)
        elif job.due is not None:
            return
        elif any(each.status == "COMPLETED" for each in job.benchmarks):
            self._move(job, "COMPLETED", at)
        else:
            reasons = dict.fromkeys(each.failure for each in job.benchmarks if each.failure)
            job.failure_reason = job.failure_reason or " ".join(reasons)[:1024]
            self._move(job, "FAILED", at)
        job.completed = at

    @staticmethod
    def _move(job: Job, status: str, at: float) -> None:
        job.status, job.modified = status, at

    def _start(self, job: Job, benchmark: Benchmark, at: float) -> None:
        """Begins a benchmark: its endpoint is created, if anything forbids it as far as it gets."""
        benchmark.status, benchmark.phase = "IN_PROGRESS", "creating"
        benchmark.due = at + deployments.CREATE_SECONDS
        if benchmark.endpoint:
            benchmark.due = at
            return
        benchmark.failure = self._refused(job, benchmark)
        if benchmark.failure is None and benchmark.serverless is None:
            full = network.take_up(self.inference.holdings, job, benchmark)
            benchmark.failure = full.reason if full else None
        if benchmark.failure:
            benchmark.due = at + REFUSED_SECONDS
        elif job.fault == "slow-create":
            benchmark.due = at + deployments.SLOW_SECONDS

    def _refused(self, job: Job, benchmark: Benchmark) -> str | None:
        """Why an endpoint isn't even begun: quota, capacity, or a network that lacks something else than addresses."""
        if benchmark.instance_type:
            used = self._in_use(job.region, benchmark.instance_type)
            refusal = self.quotas.check(job.region, benchmark.instance_type, used)
            if refusal is not None:
                return f"ResourceLimitExceeded when calling CreateEndpoint operation: {refusal.message}"
        if job.fault == "capacity-error" and benchmark.number == 1:
            return deployments.NO_CAPACITY
        role = self.inference.holdings.role(job.role)
        if role is None:
            return ground.UNASSUMABLE
        problems = network.lacking(self.inference.holdings, job, role)
        fundamental = [each for each in problems if each.kind in ("subnet", "security group", "network", "permission")]
        return fundamental[0].reason if fundamental else None

    def _in_use(self, region: str, instance_type: str) -> int:
        """Instances of a type behind endpoints of a region, those of other benchmarks included."""
        fleets = [each.fleet for each in self.inference.region(region).endpoints.values() if each.fleet]
        served = sum(
            variant.count or 0
            for fleet in fleets
            for variant in fleet.variants
            if variant.definition.get("InstanceType") == instance_type
        )
        testing = sum(
            each.instance_type == instance_type and bool(each.phase not in ("waiting", "over") and not each.failure)
            for job in self.inference.region(region).jobs.values()
            for each in job.benchmarks
        )
        # The one that asks counts itself already.
        return served + testing - 1

    def _created(self, job: Job, benchmark: Benchmark, at: float) -> None:
        """The endpoint is there, or isn't: what its instances lack shows now."""
        if benchmark.failure is None:
            benchmark.failure = self._lacking(job, benchmark, at)
        if benchmark.failure:
            self._over(job, benchmark, at, "FAILED")
            return
        test = self._test(job, benchmark, at)
        seen = performance.run(test)
        asked = (job.definition.get("StoppingConditions") or {}).get("MaxInvocations")
        if asked and benchmark.instance_type:
            benchmark.instances = max(1, -(-asked // seen.invocations))
        if benchmark.serverless is not None:
            benchmark.metrics = performance.serverless_metrics(test, seen)
        else:
            benchmark.metrics = performance.metrics(seen, test.machine.dollars, benchmark.instances)
        if benchmark.endpoint:
            benchmark.metrics = {name: benchmark.metrics[name] for name in ("MaxInvocations", "ModelLatency")}
        benchmark.phase, benchmark.due = "loading", at + seen.seconds
        benchmark.invoked = [at]

    def _lacking(self, job: Job, benchmark: Benchmark, at: float) -> str | None:
        holdings = self.inference.holdings
        if benchmark.endpoint:
            endpoint = self.inference.endpoints(job.region).get(benchmark.endpoint)
            status = endpoint.status if endpoint else "gone"
            return None if status == IN_SERVICE else f"The endpoint {benchmark.endpoint} is {status}, not InService."
        role = holdings.role(job.role)
        if role is None:
            return ground.UNASSUMABLE
        try:
            held = ground.definition(self.inference, job.region, at, job.wanted)
            chosen = ground.containers(held, benchmark.specification)
        except Refusal as refusal:
            return refusal.message
        problems = [*network.lacking(holdings, job, role), *ground.lacking_inside(self.inference, job, chosen)]
        return problems[0].reason if problems else None

    def _test(self, job: Job, benchmark: Benchmark, at: float) -> performance.LoadTest:
        instance_type, chosen, domain = benchmark.instance_type, [], ""
        if benchmark.endpoint:
            fleet = self.inference.endpoints(job.region)[benchmark.endpoint].fleet
            variant = fleet.variants[0] if fleet else None
            chosen = variant.model.containers if variant and variant.model else []
            instance_type = variant.definition.get("InstanceType", "ml.m5.large") if variant else "ml.m5.large"
        else:
            held = ground.definition(self.inference, job.region, at, job.wanted)
            chosen = ground.containers(held, benchmark.specification)
            domain = (job.wanted.get("ContainerConfig") or {}).get("Domain") or held.get("Domain") or ""
        known = [ground.identity(self.inference.holdings, each) for each in chosen]
        machine = (
            performance.serverless(benchmark.serverless)
            if benchmark.serverless is not None
            else performance.machine(instance_type or "")
        )
        return performance.LoadTest(
            model=str(known),
            domain=domain,
            machine=machine,
            environment=benchmark.environment,
            pattern=job.wanted.get("TrafficPattern"),
            stopping=job.definition.get("StoppingConditions") or {},
        )

    def _loaded(self, job: Job, benchmark: Benchmark, at: float) -> None:
        benchmark.invoked.append(at)
        if job.fault == "job-fails":
            benchmark.failure, benchmark.metrics = UNHEALTHY, {}
            self._delete(benchmark, at, "FAILED")
        else:
            self._delete(benchmark, at, "COMPLETED")

    @staticmethod
    def _delete(benchmark: Benchmark, at: float, status: str) -> None:
        benchmark.status, benchmark.phase = status, "deleting"
        benchmark.due = at + (DELETE_SECONDS if not benchmark.endpoint else 0.0)

    def _over(self, job: Job, benchmark: Benchmark, at: float, status: str) -> None:
        del at
        network.give_back(self.inference.holdings, job, benchmark)
        benchmark.status, benchmark.phase = status, "over"

    def _deleted(self, job: Job, benchmark: Benchmark, at: float) -> None:
        self._over(job, benchmark, at, "STOPPED" if benchmark.status == "STOPPING" else benchmark.status)


def stop(job: Job, at: float) -> None:
    """Begins to stop a job: what runs is deleted, what waits isn't begun, what is done is kept."""
    job.status, job.modified = "STOPPING", at
    pending = job.due is not None
    job.due = None
    for benchmark in job.benchmarks:
        if benchmark.phase == "waiting":
            benchmark.status, benchmark.phase = "STOPPED", "over"
        elif benchmark.phase in ("creating", "loading"):
            benchmark.status, benchmark.phase = "STOPPING", "deleting"
            benchmark.due = at + DELETE_SECONDS
    if pending or all(each.phase == "over" for each in job.benchmarks):
        job.due = at + DELETE_SECONDS


def metrics_of(benchmark: Benchmark) -> dict[str, Any]:
    """The figures of a benchmark that is done, none of any other."""
    return benchmark.metrics if benchmark.status == "COMPLETED" else {}
