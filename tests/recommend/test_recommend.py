"""`holdfast recommend`, from request to settings, on an account that runs the jobs; and what is asked of it wrongly."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from account_world import REGION
from recommend_world import STACK, limited_image

from guards.live import Account
from knowledge.recommendations import ADDRESSES_PER_INSTANCE
from pipeline.errors import PipelineError
from pipeline.recommend import following, picture, previewing, record
from pipeline.recommend.jobs import Jobs
from pipeline.stack_file import StackFile

if TYPE_CHECKING:
    from recommend_world import Recommending

    from findings.finding import Finding


def test_from_a_request_to_the_settings_and_never_twice(
    recommending: Recommending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun, followed, shown, recorded; asked again it spends nothing; applied with the file's comments kept."""
    code, said = recommending.holdfast("--yes")
    [job] = recommending.jobs()
    record = recommending.record(job["JobName"])
    recommending.damage_record(job["JobName"])
    alone = recommending.told("--job", job["JobName"])
    monkeypatch.setattr(picture, "as_svg", lambda _: "<svg/>")  # drawn in test_results.py; loading matplotlib costs
    again = recommending.told("--apply", "--choose", "fastest", "--report", str(recommending.project / "report"))
    written = yaml.safe_load(recommending.file.read_text())["config"]

    assert (code, job["Status"]) == (0, "COMPLETED")
    assert said.count("(simulated)") >= 5
    assert "trial 1 ml.m5.large: completed" in said
    assert "* on the Pareto front" in said
    assert "2 tests, each about 12 minutes of one instance" in said
    assert "Price: unknown" in said
    assert (alone["code"], "is damaged (no JSON)" in alone["said"]) == (0, True)
    assert "was no JSON, and is written anew" in again["said"]
    assert recommending.record(job["JobName"]) == record | {"cost": None}
    assert record["asked_by"].startswith("arn:aws:sts::")
    assert record["request"]["version"] == recommending.ground.package
    assert {one["status"] for one in record["result"]["trials"]} == {"COMPLETED"}
    assert (again["code"], again["reused"], again["result"]["job"]) == (0, True, job["JobName"])
    assert len(recommending.jobs()) == 1
    assert written["holdfast:instanceType"] == written["holdfast:recommendation"]["instanceType"]
    assert written["holdfast:recommendation"]["simulated"] is True
    assert "# somebody's guess" in recommending.file.read_text()
    assert len(again["files"]) == 4


def test_another_request_is_another_job_and_a_running_one_is_picked_up(recommending: Recommending) -> None:
    """Left running on purpose; the same request follows it; another one is told of it."""
    begun = recommending.told("--yes", "--detach")
    still = recommending.told("--detach")
    other = recommending.told("--yes", "--detach", "--instance-type", "ml.r5.large")
    _, listed = recommending.holdfast("--list")
    listed_as_json = recommending.told("--list")["jobs"]
    picked_up = recommending.told()
    kept = recommending.record(begun["result"]["job"])
    first = recommending.told("--job", other["result"]["job"])

    assert begun["result"]["status"] == still["result"]["status"] == "PENDING"
    assert still["reused"] is True
    assert other["running"] == [begun["result"]["job"]]
    assert listed.count("pending") == 2
    assert [one["status"] for one in listed_as_json] == ["PENDING", "PENDING"]
    assert (picked_up["reused"], picked_up["result"]["job"]) == (True, begun["result"]["job"])
    assert picked_up["result"]["status"] == first["result"]["status"] == "COMPLETED"
    assert kept["result"]["status"] == "COMPLETED"
    assert kept["cost"]["tests"] == 2
    assert len(recommending.jobs()) == 2


def test_without_a_terminal_and_yes_nothing_is_spent(recommending: Recommending) -> None:
    code, said = recommending.holdfast()

    assert code == 2
    assert "nobody is there to be asked. Give --yes" in said
    assert recommending.jobs() == []


@pytest.mark.parametrize(("chosen", "status"), [("stop", "STOPPED"), ("leave", "IN_PROGRESS")])
def test_an_interrupt_in_the_middle_stops_it_or_leaves_it_and_says_so(
    recommending: Recommending, monkeypatch: pytest.MonkeyPatch, chosen: str, status: str
) -> None:
    """Nothing is left running unseen, and what was found out by then is shown."""
    recommending.name += chosen
    recommending.write(parallel=1)
    monkeypatch.setattr(following, "sleep", recommending.interrupting(5))
    told = recommending.told("--yes", "--on-interrupt", chosen)
    [job] = recommending.jobs()

    assert told["code"] == told["exit_code"] == 130
    assert job["Status"] == status
    assert told["result"]["trials"][0]["status"] == "COMPLETED"
    assert ("nothing of it runs" in told["said"]) is (chosen == "stop")
    assert (f"--stack {STACK} --job {job['JobName']}" in told["said"].replace("\n", " ")) is (chosen == "leave")
    if chosen == "leave":
        assert recommending.told()["result"]["status"] == "COMPLETED"


def test_an_interrupt_while_it_is_begun_waits_for_the_answer(
    recommending: Recommending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise nobody would know of a job that SageMaker had just taken."""
    begin = Jobs.begin

    def interrupted(jobs: Any, *arguments: Any, **named: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        begin(jobs, *arguments, **named)

    monkeypatch.setattr(Jobs, "begin", interrupted)
    told = recommending.told("--yes")

    assert told["code"] == 130
    assert [job["Status"] for job in recommending.jobs()] == ["STOPPED"]


# --- bad input ------------------------------------------------------------------------------------------------------


def test_a_full_subnet(recommending: Recommending) -> None:
    """Two free addresses for each instance of the largest step; AWS's own five aren't free."""
    ec2 = recommending.ground.world.client("ec2")
    subnet = recommending.ground.subnets[0]
    free = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]
    taken = [
        ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        for _ in range(free - ADDRESSES_PER_INSTANCE + 1)
    ]
    code, said = recommending.holdfast("--yes")
    for each in taken:
        ec2.delete_network_interface(NetworkInterfaceId=each)

    assert code == 1
    assert f"{subnet} has fewer than two free private addresses" in said
    assert "Refused: nothing was begun." in said
    assert recommending.jobs() == []


def test_a_payload_that_is_no_archive(recommending: Recommending) -> None:
    path = recommending.project / "sample.tar.gz"
    path.write_bytes(b"1,2,3,4\n")
    code, said = recommending.holdfast("--yes", "--payload", str(path))

    assert code == 2
    assert "is called a .tar.gz archive and isn't one" in said
    assert recommending.jobs() == []


def test_an_instance_type_that_does_not_exist(recommending: Recommending) -> None:
    code, said = recommending.holdfast("--yes", "--instance-type", "ml.m5.lrage")

    assert code == 2
    assert "ml.m5.lrage is no instance type that this boto3 knows. Did you mean ml.m5.large?" in said
    assert said.count("xlarge") < 30  # AWS answers with a list of all types
    assert recommending.jobs() == []


def test_quota_zero(recommending: Recommending) -> None:
    """Of all types: refused before anything is spent. Of one: said, and the others run."""
    recommending.write(instanceTypes=["ml.p5.48xlarge"])
    none = recommending.told("--yes")
    recommending.write(instanceTypes=["ml.c5.large", "ml.p5.48xlarge"])
    some = recommending.told("--yes")

    assert (none["code"], [one["name"] for one in none["findings"] if one["outcome"] == "violated"]) == (
        1,
        ["recommender-types-have-quota"],
    )
    assert some["code"] == 0
    assert {one["instance_type"]: one["status"] for one in some["result"]["trials"]} == {
        "ml.c5.large": "COMPLETED",
        "ml.p5.48xlarge": "FAILED",
    }
    assert "1 of 2 trials failed" in some["said"]


def test_a_job_that_fails_on_some_types_only(recommending: Recommending) -> None:
    """What it has found out is kept and shown, with AWS's reason for the rest."""
    recommending.ground.world.account.arm("capacity-error")
    code, said = recommending.holdfast("--yes")

    assert code == 0
    assert "Trial 1 (ml.m5.large) failed:" in said
    assert "InsufficientInstanceCapacity" in said
    assert "Completed; 1 of 2 trials failed." in said
    assert recommending.holdfast("--job", recommending.jobs()[0]["JobName"])[1].count("failed:") == 1


def test_a_job_that_fails_on_all_types_applies_nothing(recommending: Recommending) -> None:
    before = recommending.file.read_text()
    recommending.ground.world.account.arm("job-fails")
    code, said = recommending.holdfast("--yes", "--apply")

    assert code == 3
    assert "Nothing was applied: only a completed job is." in said
    assert recommending.file.read_text() == before


def test_a_stack_without_the_setting_and_options_that_make_no_sense(recommending: Recommending) -> None:
    odd = recommending.holdfast("--on-interrupt", "ignore")
    unknown = recommending.holdfast("--job", "no-such-job")
    recommending.file.write_text("config:\n  aws:region: eu-west-1\n")
    without = recommending.holdfast()

    assert (odd[0], unknown[0], without[0]) == (2, 2, 2)
    assert "--on-interrupt is stop, leave or ask, not 'ignore'" in odd[1]
    assert "there is no recommendation job no-such-job" in unknown[1]
    assert f"Pulumi.{STACK}.yaml has no setting recommender" in without[1]


# --- around it ------------------------------------------------------------------------------------------------------


def test_what_jobs_run_in_is_not_destroyed_while_they_run(recommending: Recommending) -> None:
    """Nobody would see the job, and it costs until it fails."""
    file, account = StackFile(recommending.project, STACK), Account(region=REGION)
    before = previewing.still_running(file, account)
    begun = recommending.told("--yes", "--detach")["result"]["job"]
    [found] = previewing.still_running(file, account)
    recommending.told("--stop", begun)
    recommending.told("--job", begun)

    assert before == previewing.still_running(file, account) == []
    assert (found.refuses, begun in found.message) == (True, True)


def test_in_a_preview_what_is_somebody_else_s_refuses_and_the_rest_is_advice(recommending: Recommending) -> None:
    """Addresses and quotas change by themselves; the stack's own parts are made by the `up` that follows."""
    file, account = StackFile(recommending.project, STACK), Account(region=REGION)
    recommending.write(instanceTypes=["ml.p5.48xlarge"], role=f"{recommending.ground.role}-gone")
    theirs = previewing.look(file, {}, {}, account)
    recommending.write(subnets=None, securityGroups=None, role=None, bucket=None)
    own = {
        "recommenderSubnetIds": recommending.ground.subnets,
        "recommenderSecurityGroupIds": ["sg-0123"],
        "recommenderRoleArn": f"{recommending.ground.role}-gone",
        "recommenderBucket": recommending.ground.made["bucket"],
    }
    ours = previewing.look(file, {}, own, account)
    recommending.write(subnets=None, securityGroups=None, role=None)
    with limited_image(recommending.ground):
        limited = previewing.look(file, {}, own | {"recommenderRoleArn": recommending.ground.role}, account)

    def told(found: list[Finding], *, refuses: bool) -> set[str]:
        return {one.name for one in found if one.outcome == "violated" and one.refuses is refuses}

    assert told(theirs, refuses=True) == {"recommender-role-has-permissions"}
    assert told(theirs, refuses=False) == {"recommender-types-have-quota"}
    assert told(ours, refuses=True) == set()
    assert told(limited, refuses=True) == {"recommended-image-is-not-limited-to-a-vpc"}
    assert told(ours, refuses=False) == {"recommender-role-has-permissions", "recommender-groups-let-out"}
    assert previewing.look(StackFile(recommending.project, "rehearsal-none"), {}, {}, account) == []


def test_when_aws_cannot_be_asked_any_more_the_job_is_named(
    recommending: Recommending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on, and whoever reads the error has to know."""
    account = recommending.ground.world.account

    def sleep(_: float) -> None:
        account.advance(60)
        account.arm("access-denied:DescribeInferenceRecommendationsJob")

    monkeypatch.setattr(following, "sleep", sleep)
    code, said = recommending.holdfast("--yes")
    [job] = recommending.jobs()

    assert code == 4
    assert f"Job {job['JobName']} may go on, and costs until it is over" in said


def test_a_record_that_cannot_be_written_and_a_choice_there_is_not_lose_no_result(
    recommending: Recommending, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = record.write

    def failing(*arguments: Any, **named: Any) -> None:
        if named.get("result"):
            raise PipelineError("Amazon S3 was asked to keep the record and didn't.", 3)
        write(*arguments, **named)

    monkeypatch.setattr(record, "write", failing)
    told = recommending.told("--yes", "--apply", "--choose", "ml.r5.large")

    assert (told["code"], told["result"]["status"]) == (3, "COMPLETED")
    assert "Not recorded: Amazon S3" in told["said"]
    assert "But: job" in told["said"]
    assert "has no completed trial 'ml.r5.large'" in told["said"]
