"""Recommendation jobs in the account: course, figures, what they take up, how they are listed and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, REGION, World
from botocore.exceptions import ClientError
from recommendation_world import PHASES, STAIRS, Ground, put_job_ground, register

from rehearsal.account import copies, ensure

if TYPE_CHECKING:
    from pathlib import Path

TWO = [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.c5.xlarge"}]


@pytest.fixture(scope="module")
def ground(world: World) -> Ground:
    """All that a job needs."""
    return put_job_ground(world, "jobs")


def refused(ground: Ground, *types: str, **changes: Any) -> tuple[str, str]:
    """Code and words of the refusal of a job."""
    with pytest.raises(ClientError) as caught:
        ground.ask("refused", *types, **changes)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_job_goes_its_course_and_uses_up_addresses_as_it_runs(ground: Ground) -> None:
    """PENDING, IN_PROGRESS, COMPLETED; two interfaces an instance, gone when it is over."""
    before = ground.free()
    ground.ask("course", "ml.m5.large", "ml.c5.xlarge", ResourceLimit={"MaxParallelOfTests": 1})
    pending = ground.describe("course")
    ground.world.account.advance(31)
    running, steps, taken = ground.describe("course"), ground.steps("course"), ground.free()
    held = ground.interfaces()
    done = ground.wait("course")

    assert (pending["Status"], running["Status"], done["Status"]) == ("PENDING", "IN_PROGRESS", "COMPLETED")
    assert [step["Status"] for step in steps] == ["IN_PROGRESS", "PENDING"]
    assert before - taken == 2
    assert {each["Groups"][0]["GroupId"] for each in held} == {ground.group}
    assert all(each["RequesterManaged"] and each["Status"] == "in-use" for each in held)
    assert ground.free() == before
    assert done["CompletionTime"] > done["CreationTime"]
    assert "InferenceRecommendations" not in running


def test_every_figure_is_labelled_and_the_same_for_the_same_model(ground: Ground) -> None:
    """Wherever its artifact lies. The label stands in every name; the costs keep AWS's relation."""
    bucket = ground.made["bucket"]
    ground.world.client("s3").copy_object(Bucket=bucket, Key="b.tar.gz", CopySource=f"{bucket}/m/model.tar.gz")
    elsewhere = register(ground.world, ground, url=f"s3://{bucket}/b.tar.gz")
    first, again = (
        ground.run(name, "ml.m5.large", "ml.c5.xlarge", ModelPackageVersionArn=package)
        for name, package in (("figures", ground.package), ("figures-again", elsewhere))
    )
    results = first["InferenceRecommendations"]

    assert [each["Metrics"] for each in results] == [each["Metrics"] for each in again["InferenceRecommendations"]]
    assert {each["EndpointConfiguration"]["InstanceType"] for each in results} == {"ml.m5.large", "ml.c5.xlarge"}
    for each in results:
        figures, where = each["Metrics"], each["EndpointConfiguration"]
        assert "simulated" in each["RecommendationId"]
        assert (where["VariantName"], "-simulated-" in where["EndpointName"]) == ("simulated", True)
        assert figures["CostPerInference"] == pytest.approx(
            figures["CostPerHour"] / 60 / figures["MaxInvocations"], rel=1e-4
        )
        assert 0 < figures["CpuUtilization"] <= 100
        assert each["InvocationEndTime"] > each["InvocationStartTime"]


def test_a_larger_instance_does_more_and_costs_more(ground: Ground) -> None:
    done = ground.run("sizes", "ml.m5.large", "ml.m5.4xlarge", kind="Default", TrafficPattern=None)
    by_type = {e["EndpointConfiguration"]["InstanceType"]: e["Metrics"] for e in done["InferenceRecommendations"]}

    assert by_type["ml.m5.4xlarge"]["MaxInvocations"] > by_type["ml.m5.large"]["MaxInvocations"]
    assert by_type["ml.m5.4xlarge"]["CostPerHour"] > by_type["ml.m5.large"]["CostPerHour"]


def test_a_default_job_takes_the_types_that_the_version_supports(ground: Ground) -> None:
    """But no burstable one; it is over within the 45 minutes that AWS names."""
    ground.ask("usual", kind="Default")
    done = ground.wait("usual")
    types = {each["EndpointConfiguration"]["InstanceType"] for each in done["InferenceRecommendations"]}

    assert types == {"ml.c5.large", "ml.m5.large"}
    assert (done["CompletionTime"] - done["CreationTime"]).total_seconds() < 45 * 60


def test_stopping_conditions_end_a_load_test(ground: Ground) -> None:
    """Invocations as asked at most, latency at the threshold, and flat invocations unless told to go on."""

    def run(name: str, **conditions: Any) -> tuple[dict[str, Any], float]:
        done = ground.run(name, TrafficPattern=STAIRS, request={"StoppingConditions": conditions})
        found = done["InferenceRecommendations"][0]
        return found, (found["InvocationEndTime"] - found["InvocationStartTime"]).total_seconds()

    limited, _ = run("limited", MaxInvocations=100)
    stopped, soon = run("flat", FlatInvocations="Stop")
    went_on, late = run("go-on", FlatInvocations="Continue")
    quick, _ = run("quick", ModelLatencyThresholds=[{"Percentile": "P95", "ValueInMilliseconds": 1}])

    assert limited["Metrics"]["MaxInvocations"] == 100
    assert soon < late == 600
    assert went_on["Metrics"]["ModelLatency"] > stopped["Metrics"]["ModelLatency"] >= quick["Metrics"]["ModelLatency"]


def test_what_one_instance_doesn_t_reach_several_are_recommended_for(ground: Ground) -> None:
    """With the cost and the invocations of that many."""
    more = {"StoppingConditions": {"MaxInvocations": 30000}}
    one, several = (
        ground.run(name, TrafficPattern=STAIRS, request=asked)["InferenceRecommendations"][0]
        for name, asked in (("one", {"StoppingConditions": {"MaxInvocations": 10}}), ("several", more))
    )
    count = several["EndpointConfiguration"]["InitialInstanceCount"]

    assert one["EndpointConfiguration"]["InitialInstanceCount"] == 1 < count
    assert several["Metrics"]["CostPerHour"] == pytest.approx(count * one["Metrics"]["CostPerHour"])
    assert several["Metrics"]["MaxInvocations"] >= 30000


def test_ranges_of_the_environment_make_tests_of_their_own(ground: Ground) -> None:
    """Each combination is one; every type has a turn before MaxNumberOfTests cuts the list."""
    ranges = {"CategoricalParameterRanges": [{"Name": "WORKERS", "Value": ["1", "2"]}]}
    asked = [{**each, "EnvironmentParameterRanges": ranges} for each in TWO]
    done = ground.run("ranges", EndpointConfigurations=asked, ResourceLimit={"MaxNumberOfTests": 3})
    found = [
        (each["EndpointConfiguration"]["InstanceType"], each["ModelConfiguration"]["EnvironmentParameters"][0]["Value"])
        for each in done["InferenceRecommendations"]
    ]

    assert sorted(found) == [("ml.c5.xlarge", "1"), ("ml.m5.large", "1"), ("ml.m5.large", "2")]
    assert len({each["Metrics"]["ModelLatency"] for each in done["InferenceRecommendations"]}) > 1


def test_a_stopped_job_keeps_what_it_has_and_gives_its_addresses_back(ground: Ground) -> None:
    before = ground.free()
    ground.ask("stopped", "ml.m5.large", "ml.c5.xlarge", ResourceLimit={"MaxParallelOfTests": 1})
    ground.world.account.advance(31 + 180 + 301 + 61)
    assert [each["Status"] for each in ground.steps("stopped")] == ["COMPLETED", "IN_PROGRESS"]
    ground.world.sagemaker.stop_inference_recommendations_job(JobName="stopped")
    stopping = ground.describe("stopped")["Status"]
    done = ground.wait("stopped")
    with pytest.raises(ClientError, match="is in status STOPPED"):
        ground.world.sagemaker.stop_inference_recommendations_job(JobName="stopped")

    assert (stopping, done["Status"]) == ("STOPPING", "STOPPED")
    assert [each["Status"] for each in ground.steps("stopped")] == ["COMPLETED", "STOPPED"]
    assert len(done["InferenceRecommendations"]) == 1
    assert ground.free() == before


def test_a_job_that_is_stopped_before_it_begins_begins_nothing(ground: Ground) -> None:
    ground.ask("never", "ml.m5.large")
    ground.world.sagemaker.stop_inference_recommendations_job(JobName="never")

    assert ground.wait("never")["Status"] == "STOPPED"
    assert [each["Status"] for each in ground.steps("never")] == ["STOPPED"]


def test_tests_that_have_not_begun_in_the_job_s_duration_are_not_begun(ground: Ground) -> None:
    limits = {"ResourceLimit": {"MaxParallelOfTests": 1}, "JobDurationInSeconds": 300}
    done = ground.run("short", "ml.m5.large", "ml.c5.xlarge", **limits)
    last = ground.steps("short")[-1]

    assert (done["Status"], last["Status"]) == ("COMPLETED", "STOPPED")
    assert "300 seconds had passed" in last["InferenceBenchmark"]["FailureReason"]


def test_an_existing_endpoint_can_be_load_tested(world: World, ground: Ground) -> None:
    """Its figures stand in EndpointPerformances; no interfaces are made for it."""
    from account_world import put_configuration, put_model, wait

    put_model(world, ground.made, "there")
    put_configuration(world, "there", "there")
    world.sagemaker.create_endpoint(EndpointName="there", EndpointConfigName="there")
    wait(world, "there", "InService")
    before = ground.free()
    ground.ask("on-it", vpc=False, Endpoints=[{"EndpointName": "there"}])
    world.account.advance(60)
    during = ground.free()
    done = ground.wait("on-it")
    step = ground.steps("on-it")[0]["InferenceBenchmark"]

    assert before == during
    assert done["EndpointPerformances"][0]["EndpointInfo"] == {"EndpointName": "there"}
    assert step["EndpointMetrics"] == done["EndpointPerformances"][0]["Metrics"]


def test_serverless_figures_have_a_setup_time_and_no_price_an_hour(ground: Ground) -> None:
    asked = [{"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}]
    figures = ground.run("serverless", EndpointConfigurations=asked, vpc=False)["InferenceRecommendations"][0][
        "Metrics"
    ]

    assert figures["ModelSetupTime"] > 0
    assert "CostPerHour" not in figures


def test_jobs_are_listed_and_tagged(world: World, ground: Ground) -> None:
    tags = [{"Key": "team", "Value": "trees"}]
    arn = ground.ask("listed-job", "ml.m5.large", request={"Tags": tags, "JobDescription": "one of many"})
    listed = world.sagemaker.list_inference_recommendations_jobs(
        NameContains="listed", StatusEquals="PENDING", ModelPackageVersionArnEquals=ground.package
    )["InferenceRecommendationsJobs"]

    assert [each["JobName"] for each in listed] == ["listed-job"]
    assert listed[0]["SamplePayloadUrl"].endswith("payload.tar.gz")
    assert listed[0]["JobDescription"] == "one of many"
    assert world.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    assert (
        world.sagemaker.list_inference_recommendations_jobs(ModelNameEquals="none")["InferenceRecommendationsJobs"]
        == []
    )


def test_names_are_given_once_and_unknown_ones_are_not_found(world: World, ground: Ground) -> None:
    ground.ask("once", "ml.m5.large")
    with pytest.raises(world.sagemaker.exceptions.ResourceInUse):
        ground.ask("ONCE", "ml.m5.large")
    for call in ("describe_inference_recommendations_job", "stop_inference_recommendations_job"):
        with pytest.raises(world.sagemaker.exceptions.ResourceNotFound):
            getattr(world.sagemaker, call)(JobName="no-such")


@pytest.mark.parametrize(
    ("types", "changes", "words"),
    [
        (("ml.m99.huge",), {}, "Member must satisfy enum value set"),
        (("ml.t2.medium",), {}, "Burstable instance type ml.t2.medium is not allowed."),
        (("ml.m5.large",), {"TrafficPattern": None}, "TrafficPattern and StoppingConditions are required"),
        (("ml.m5.large",), {"JobDurationInSeconds": 18001}, "JobDurationInSeconds must be between 1 and 18000"),
        (("ml.m5.large",), {"JobDurationInSeconds": 200}, "Total Traffic duration (across) should not be more than"),
        (
            ("ml.m5.large",),
            {"ResourceLimit": {"MaxParallelOfTests": 11}},
            "MaxParallelOfTests must be between 1 and 10",
        ),
        (
            ("ml.m5.large",),
            {"request": {"StoppingConditions": {"MaxInvocations": 30001}}},
            "MaxInvocations must be between 1 and 30000",
        ),
        (
            ("ml.m5.large",),
            {"request": {"StoppingConditions": {"ModelLatencyThresholds": [{"Percentile": "P50"}]}}},
            "Percentile P50 is not allowed",
        ),
        (
            ("ml.m5.large",),
            {"TrafficPattern": {**PHASES, "Phases": [*PHASES["Phases"], PHASES["Phases"][0]]}},  # type: ignore[misc]
            "Users at the end of prev phase is 16 while initial users of current phase is 1.",
        ),
        (("ml.m5.large",), {"ModelPackageVersionArn": None}, "either ModelPackageVersionArn or ModelName"),
        (
            ("ml.m5.large",),
            {"ModelPackageVersionArn": f"arn:aws:sagemaker:{REGION}:111122223333:model-package/jobs/99"},
            "does not exist",
        ),
        ((), {}, "EndpointConfigurations or Endpoints is required"),
    ],
)
def test_requests_beyond_the_limits_are_refused(
    ground: Ground, types: tuple[str, ...], changes: dict[str, Any], words: str
) -> None:
    """In the words of AWS's page on troubleshooting where it has any."""
    code, message = refused(ground, *types, **changes)

    assert code == "ValidationException"
    assert words in message


def test_a_job_goes_on_where_it_was_when_the_account_starts_again(world: World, ground: Ground, tmp_path: Path) -> None:
    """The journal leads to the same jobs, figures and interfaces, and to the same end."""
    ground.ask("replayed", "ml.m5.large", "ml.c5.large", request={"Tags": [{"Key": "a", "Value": "b"}]})
    world.account.advance(100)
    held = sorted(each["NetworkInterfaceId"] for each in ground.interfaces())
    own = [each for each in ground.interfaces() if each["Description"].find("/replayed ") > 0]
    copies.until(world.account.directory, tmp_path, ACCOUNT, 10**6)
    again = ensure(ACCOUNT, tmp_path, idle_minutes=2)
    try:
        other = Ground(World(again), ground.name, ground.made, subnets=ground.subnets)
        assert again.dump() == world.account.dump()
        assert sorted(each["NetworkInterfaceId"] for each in other.interfaces()) == held
        done, also = ground.wait("replayed"), other.wait("replayed")
        assert other.interfaces() == []
    finally:
        again.stop()

    assert len(own) == 4
    assert done["InferenceRecommendations"] == also["InferenceRecommendations"]
