"""What is asked: the call as botocore takes it, its digest, the payload in it, and what it implies in money."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from components.recommender_settings import RecommenderSettings
from pipeline.errors import PipelineError
from pipeline.recommend import cost, payload
from pipeline.recommend.cost import Prices
from pipeline.recommend.request import Request, model_of

if TYPE_CHECKING:
    from pathlib import Path

MODEL = botocore.session.get_session().get_service_model("sagemaker")
SHAPE = MODEL.operation_model("CreateInferenceRecommendationsJob").input_shape
VERSION = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/trees/3"
PHASES = {"phases": [{"users": 1, "spawnRate": 2, "seconds": 120}, {"users": 3, "seconds": 600}]}
ADVANCED = {
    "job": "Advanced",
    "instanceTypes": ["ml.m5.large", "ml.c5.large"],
    "traffic": PHASES,
    "stop": {"maxInvocations": 3000, "latency": 50, "percentile": "P99", "flatInvocations": "Continue"},
}


def request(**settings: Any) -> Request:
    return Request(
        prefix="x" * 63,
        version=VERSION,
        role="arn:aws:iam::111122223333:role/jobs",
        payload="s3://jobs/payloads/0/payload.tar.gz",
        content_types=("text/csv",),
        subnets=("subnet-1",),
        groups=("sg-1",),
        key="alias/jobs",
        model=(("Domain", "OTHER"),),
        settings=RecommenderSettings.model_validate(settings),
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"instanceTypes": ["ml.m5.large"], "duration": 3600},
        ADVANCED,
        {**ADVANCED, "environment": {"WORKERS": [1, True, "x"]}, "tests": 4, "parallel": 2},
        {**ADVANCED, "traffic": {"stairs": {"seconds": 600, "steps": 5, "usersPerStep": 2}}},
    ],
    ids=["default", "default-types", "phases", "ranges", "stairs"],
)
def test_the_call_is_one_that_sagemaker_takes(settings: dict[str, Any]) -> None:
    """By botocore's own model: required members, types, lengths; names and tags within their limits."""
    asked = request(**settings)
    name = asked.job_name(dt.datetime.now(dt.UTC))
    call = asked.call(name, asked_by="arn:aws:sts::1:assumed-role/x/(weird) name!", stack="dev")

    assert ParamValidator().validate(call, SHAPE).generate_report() == ""
    assert len(name) <= 64
    assert call["InputConfig"]["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    assert call["InputConfig"]["ContainerConfig"]["PayloadConfig"]["SamplePayloadUrl"] == asked.payload
    assert call["OutputConfig"] == {"KmsKeyId": "alias/jobs"}
    assert all("(" not in tag["Value"] for tag in call["Tags"])
    assert ("TrafficPattern" in call["InputConfig"]) is (settings.get("job") == "Advanced")


def test_stopping_conditions_traffic_and_ranges_are_those_asked_for() -> None:
    asked = request(**{**ADVANCED, "environment": {"WORKERS": [1, 2]}})
    call = asked.call("x", asked_by="me", stack="dev")

    assert call["StoppingConditions"] == {
        "MaxInvocations": 3000,
        "ModelLatencyThresholds": [{"Percentile": "P99", "ValueInMilliseconds": 50}],
        "FlatInvocations": "Continue",
    }
    assert [each["DurationInSeconds"] for each in call["InputConfig"]["TrafficPattern"]["Phases"]] == [120, 600]
    assert call["InputConfig"]["EndpointConfigurations"][1] == {
        "InstanceType": "ml.c5.large",
        "EnvironmentParameterRanges": {"CategoricalParameterRanges": [{"Name": "WORKERS", "Value": ["1", "2"]}]},
    }
    assert len(asked.combinations) == asked.instances == 4


def test_a_type_with_local_storage_takes_no_key_for_the_volumes_of_its_job() -> None:
    """SageMaker would refuse its endpoint; what the job writes is encrypted all the same."""
    keyed = request(**ADVANCED).call("x", asked_by="me", stack="dev")
    local = request(**{**ADVANCED, "instanceTypes": ["ml.m5.large", "ml.g5.xlarge"]}).call(
        "x", asked_by="me", stack="dev"
    )

    assert keyed["InputConfig"]["VolumeKmsKeyId"] == "alias/jobs"
    assert "VolumeKmsKeyId" not in local["InputConfig"]
    assert local["OutputConfig"] == {"KmsKeyId": "alias/jobs"}


def test_the_same_request_has_the_same_digest_and_another_another() -> None:
    """Where the settings stand in the file is no change; a variable is one."""
    turned = request(**dict(reversed(ADVANCED.items())))

    assert request(**ADVANCED).digest == turned.digest
    assert request(**ADVANCED).digest != request(**{**ADVANCED, "environment": {"A": ["1"]}}).digest


def test_what_the_version_says_of_itself_is_left_to_it() -> None:
    said = {"Domain": "MACHINE_LEARNING", "InferenceSpecification": {"Containers": [{"Framework": "XGBOOST"}]}}

    assert model_of(RecommenderSettings(), said) == (("Task", "OTHER"),)
    assert dict(model_of(RecommenderSettings(domain="OTHER"), {})) == dict.fromkeys(
        ("Domain", "Task", "Framework"), "OTHER"
    )


# --- the payload ----------------------------------------------------------------------------------------------------


def test_samples_are_packed_the_same_way_every_time(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    (folder / "more").mkdir(parents=True)
    (folder / "one.csv").write_text("1,2\n")
    (folder / "more" / "two.csv").write_text("3,4\n")
    (folder / ".hidden").write_text("no sample")
    first, second = payload.of(folder), payload.of(folder)
    with tarfile.open(fileobj=io.BytesIO(first.archive), mode="r:gz") as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    archive = tmp_path / "packed.tar.gz"
    archive.write_bytes(first.archive)

    assert found == {"one.csv": b"1,2\n", "more/two.csv": b"3,4\n"}
    assert first.archive == second.archive
    assert payload.of(archive).archive == first.archive
    assert first.key == f"payloads/{first.sha256}/payload.tar.gz"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("sample.tar.gz", b"1,2,3", "isn't one"),
        ("sample.tar.gz", gzip.compress(b"1,2,3", mtime=0), "isn't one"),
        ("sample.tgz", b"", "isn't one"),
        ("sample.csv", b"", "is empty"),
        ("absent/", None, "holds no sample"),
        ("absent", None, "isn't there"),
    ],
    ids=["no-gzip", "no-tar", "empty-archive", "empty", "empty-folder", "absent"],
)
def test_a_payload_that_is_none_is_told(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    path = tmp_path / name
    if name.endswith("/"):
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)

    with pytest.raises(PipelineError, match=says):
        payload.of(path)


# --- the price ------------------------------------------------------------------------------------------------------


def test_what_a_job_implies_and_its_price_where_all_of_it_is_known() -> None:
    known = Prices({"ml.m5.large": 0.12, "ml.c5.large": 0.1}, "prices.yaml of 2026-11-01")
    whole = cost.of(request(**ADVANCED), known)
    half = cost.of(request(**ADVANCED), Prices({"ml.m5.large": 0.12}, "prices.yaml of 2026-11-01"))
    default = cost.of(request(), known)

    assert whole.dollars == pytest.approx((0.12 + 0.1) * (720 + cost.STARTING) / 3600)
    assert "2 tests, each about 22 minutes of one instance: ml.m5.large, ml.c5.large." in whole.lines()
    assert (half.dollars, half.unpriced) == (None, ("ml.c5.large",))
    assert "Price: unknown (no price of ml.c5.large)" in half.lines()[1]
    assert default.to_dict()["usd"] is default.to_dict()["tests"] is None


def test_a_price_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("date: 2026-11-01\nregion: eu-central-1\nusd_an_hour:\n  ml.m5.large: 0.138\n")

    assert cost.from_file(path, "eu-central-1") == Prices({"ml.m5.large": 0.138}, "prices.yaml of 2026-11-01")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "can't be read"),
        ("[]", "holds no prices"),
        ("region: x\nusd_an_hour: {a: 1}", "has no date"),
        ("date: 2026-11-01\nregion: us-east-1\nusd_an_hour: {a: 1}", "is for us-east-1, and the job runs in"),
        ("date: 2026-11-01\nregion: eu-central-1\nusd_an_hour: {a: 0}", "gives 0 for a; a price is a number above 0"),
        ("date: 2026-11-01\nregion: eu-central-1\nusd_an_hour: {a: true}", "gives True for a"),
    ],
)
def test_a_price_file_that_is_none_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)

    with pytest.raises(PipelineError, match=says):
        cost.from_file(path, "eu-central-1")


def test_the_pricing_api_gives_a_price_or_none() -> None:
    """Two prices for one type, another unit, or none: unknown."""

    class Pricing:
        def get_products(self, ServiceCode: str, Filters: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
            name = next(each["Value"] for each in Filters if each["Field"] == "instanceName")
            prices = {"one": ["0.2"], "two": ["0.2", "0.3"], "free": ["0.0"]}.get(name, [])
            dimensions = {str(n): {"unit": "Hrs", "pricePerUnit": {"USD": text}} for n, text in enumerate(prices)}
            return {"PriceList": [json.dumps({"terms": {"OnDemand": {"t": {"priceDimensions": dimensions}}}})]}

    class Silent:
        def get_products(self, **_: Any) -> None:
            raise botocore.exceptions.NoCredentialsError

    today = dt.date(2026, 11, 22)
    found = cost.from_api(["one", "two", "free", "none"], "eu-central-1", Pricing(), today)

    assert found == Prices({"one": 0.2}, "pricing API, 2026-11-22")
    assert cost.from_api(["one"], "eu-central-1", Silent(), today).hourly == {}
