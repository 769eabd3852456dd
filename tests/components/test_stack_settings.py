"""Settings: what they may be, and how a wrong one is told."""

import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest
import yaml
from pulumi import Output, RunError
from pulumi.runtime import config

from components.settings import Settings, SettingsError
from components.settings_reading import OVERRIDES, overridden, overrides
from knowledge import end_dates

ROOT = Path(__file__).parents[2]
IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample@sha256:{'a' * 64}"


def problems(**given: object) -> list[str]:
    """What is wrong with these settings, image and artifact being right unless given."""
    with pytest.raises(SettingsError) as error:
        Settings.from_mapping({"image": IMAGE, "artifact": "s3://artifacts/model.tar.gz"} | given)
    return error.value.problems


def test_image_and_artifact_are_enough() -> None:
    """Everything else has a default."""
    settings = Settings.from_mapping({"image": IMAGE, "artifact": "s3://artifacts/model.tar.gz"})

    assert (settings.name, settings.stage, settings.key) == ("decision-trees", "production", "own")
    assert settings.artifact_path is None


def test_text_is_taken_as_configuration_carries_it() -> None:
    """Pulumi hands numbers, truth values, lists and maps over as text."""
    settings = Settings.from_mapping(
        {
            "holdfast:image": IMAGE,
            "holdfast:artifact": "s3://artifacts/model.tar.gz",
            "holdfast:instanceCount": "3",
            "holdfast:ssmAccess": "true",
            "holdfast:environment": '{"WORKERS": 4, "VERBOSE": true, "NAME": "x"}',
            "holdfast:subnets": '["subnet-1"]',
            "holdfast:securityGroups": '["sg-1"]',
            "aws:region": "eu-central-1",
        }
    )

    assert (settings.instance_count, settings.ssm_access) == (3, True)
    assert settings.environment == {"WORKERS": "4", "VERBOSE": "true", "NAME": "x"}
    assert (settings.subnets, settings.security_groups) == (["subnet-1"], ["sg-1"])


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        "111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample:latest",
        f"registry.example.com:5000/team/sample:1.0@sha256:{'0' * 64}",
        "sample",
    ],
)
def test_whatever_reference_aws_accepts_passes(image: str) -> None:
    """A tag is for the packs to refuse. Outside Amazon ECR AWS takes an image only by way of a VPC."""
    outside = {"registry": {"network": "internet"}, "subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
    given = {"image": image, "artifact": "s3://artifacts/model.tar.gz"}

    assert Settings.from_mapping(given | ({} if ".dkr.ecr." in image else outside)).image == image


@pytest.mark.parametrize(
    "key",
    ["own", "none", "alias/team/sample", "12345678-1234-1234-1234-123456789012", f"mrk-{'0' * 32}"]
    + [f"arn:aws:kms:eu-central-1:111122223333:{each}" for each in ("key/12345678", "alias/sample")],
)
def test_a_key_is_own_none_or_anything_that_kms_takes(key: str) -> None:
    """The forms of KeyId."""
    assert Settings.from_mapping({"image": IMAGE, "artifact": "s3://artifacts/model.tar.gz", "key": key}).key == key


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "a" * 64}, "1 to 63 letters, digits and hyphens"),
        ({"name": "tail-"}, "neither beginning nor ending with a hyphen"),
        ({"name": "line\n"}, "1 to 63 letters"),
        ({"stage": "prod"}, "production or development"),
        ({"image": "has space:1"}, "without white space"),
        ({"image": "sample@sha256:abc"}, "<64 digits>"),
        (
            {"image": "a" * 256, "registry": {"network": "internet"}, "subnets": ["s-1"], "securityGroups": ["sg-1"]},
            "at most 255 characters",
        ),
        ({"artifact": "s3://bucket"}, "names no object"),
        ({"artifact": "nowhere/model.tar.gz"}, "there is no file"),
        ({"instanceType": "m5.large"}, "as in ml.m5.large"),
        ({"instanceCount": 0}, "a whole number from 1"),
        ({"instanceCount": "many"}, "'many' was given"),
        ({"ssmAccess": "perhaps"}, "true or false"),
        ({"ssmAccessUntil": "2999-12-31T18:00:00"}, "has no time zone, so nobody knows when it is"),
        ({"ssmAccessUntil": dt.date(2999, 12, 31)}, "has no time zone"),
        ({"ssmAccessUntil": "Friday"}, "is no date and time; one is written as 2026-12-31T18:00:00+01:00"),
        ({"ssmAccessEndpoints": "yes"}, "auto (made while"),
        ({"key": "my-key"}, "alias/<name>"),
        ({"environment": {"1ST": "x"}}, "'1ST' is no name for a variable"),
        ({"environment": {"LONG": "x" * 1025}}, "LONG has 1025 characters"),
        ({"environment": "not json"}, "a map of at most 100"),
        ({"environment": {f"V{number}": "x" for number in range(101)}}, "a map of at most 100"),
        ({"subnets": ["subnet-1"] * 17, "securityGroups": ["sg-1"]}, "1 to 16 subnet ids"),
        ({"subnets": ["subnet-1"], "securityGroups": ["sg-1"] * 6}, "1 to 5 security group ids"),
        ({"subnets": ["subnet-1"]}, "securityGroups: missing"),
        ({"securityGroups": ["sg-1"]}, "subnets: missing"),
        ({"key": "none", "keyEnabled": False}, "keyEnabled: only a key of the stack's own"),
        ({"sample": "nowhere.csv"}, "there is no file"),
        ({"sampleContentType": "csv"}, "as in text/csv"),
        ({"permissions": "nowhere.json"}, "there is no file"),
    ],
)
def test_a_wrong_setting_is_told_with_its_name_and_what_it_may_be(given: dict[str, object], says: str) -> None:
    """One sentence is enough to put it right."""
    (problem,) = problems(**given)

    assert problem.split(":")[0] in {*given, "subnets", "securityGroups"}
    assert says in problem


@pytest.mark.parametrize(
    "until", ["2020-01-01T00:00:00Z", "2020-01-01 00:00:00 +0000 UTC", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)]
)
def test_an_end_date_that_is_over_is_a_good_setting(until: object, artifact: Path) -> None:
    """A rule refuses it in the preview; were it refused here, nobody could destroy such a stack."""
    settings = Settings.from_mapping({"image": IMAGE, "artifact": str(artifact), "ssmAccessUntil": until})

    assert settings.ssm_access_until
    assert end_dates.read(settings.ssm_access_until) == dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody has to run the program once for each."""
    told = problems(image=None, stage="prod", instanceCount="x", imgae="y")

    assert [each.split(":")[0] for each in told] == ["stage", "image", "instanceCount", "imgae"]


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    """A misspelt setting that is ignored would be the worst of them."""
    assert problems(intanceCount=2) == ["intanceCount: there is no such setting; did you mean instanceCount?"]


def test_settings_of_other_packages_are_none_of_ours() -> None:
    """aws:region is the provider's."""
    Settings.from_mapping({"image": IMAGE, "artifact": "s3://artifacts/model.tar.gz", "aws:regoin": "x"})


def test_an_artifact_that_is_no_gzip_is_told(tmp_path: Path) -> None:
    """SageMaker would fail half an hour later, when it unpacks it."""
    (tmp_path / "model.tar.gz").write_text("not packed")

    (problem,) = problems(artifact=str(tmp_path / "model.tar.gz"))
    assert "no gzip-compressed tar archive" in problem


def test_a_local_artifact_is_found_from_the_projects_directory(artifact: Path) -> None:
    """Wherever the command was started."""
    settings = Settings.from_mapping({"image": IMAGE, "artifact": artifact.name}, directory=artifact.parent)

    assert settings.artifact_path == artifact


@pytest.mark.parametrize(
    ("text", "says"), [("{", "no JSON"), ("{}", "no Statement"), ("[1]", "no Statement"), (" ", "no JSON")]
)
def test_a_permissions_file_that_is_no_policy_is_told(tmp_path: Path, text: str, says: str) -> None:
    """IAM would say MalformedPolicyDocument, with less."""
    (tmp_path / "permissions.json").write_text(text)

    (problem,) = problems(permissions=str(tmp_path / "permissions.json"))
    assert says in problem


def test_a_policy_longer_than_iam_takes_is_told(tmp_path: Path) -> None:
    """10,240 characters of inline policies in a role."""
    (tmp_path / "permissions.json").write_text(json.dumps({"Statement": [{"Resource": "x" * 10_240}]}))

    (problem,) = problems(permissions=str(tmp_path / "permissions.json"))
    assert "10240 characters" in problem


def test_a_secret_is_never_quoted() -> None:
    """A mistake in a secret must not put it into a log."""
    with pytest.raises(SettingsError) as error:
        Settings.from_mapping(
            {"image": IMAGE, "artifact": "s3://a-bucket/x", "environment": "hunter2"}, secret=["holdfast:environment"]
        )

    assert "hunter2" not in str(error.value)
    assert "its value (a secret) doesn't fit" in str(error.value)


def test_a_secret_environment_stays_secret() -> None:
    """Otherwise the state would hold it in clear."""
    given = {"image": IMAGE, "artifact": "s3://a-bucket/x", "environment": {"TOKEN": "hunter2"}}

    async def is_secret(settings: Settings) -> bool:
        return await Output.from_input(settings.container_environment()).is_secret()

    assert asyncio.run(is_secret(Settings.from_mapping(given, secret=["holdfast:environment"])))
    assert not asyncio.run(is_secret(Settings.from_mapping(given)))


@pytest.mark.parametrize("text", ["{", "[]", '"x"', '{"aws:region": "x"}'])
def test_overrides_that_make_no_sense_are_told(text: str) -> None:
    """HOLDFAST_SET comes from a command line."""
    with pytest.raises(SettingsError, match=OVERRIDES):
        overrides({OVERRIDES: text})


def test_a_program_takes_its_stacks_settings_and_the_overrides_of_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An override wins; null takes a setting back to its default."""
    stack = {"holdfast:image": IMAGE, "holdfast:artifact": "s3://artifacts/x", "holdfast:stage": "development"}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(stack))
    monkeypatch.setenv(OVERRIDES, '{"holdfast:instanceCount": 2, "ssmAccess": true, "stage": null}')
    config.set_all_config({})
    settings = Settings.from_config()

    assert (settings.instance_count, settings.ssm_access, settings.stage) == (2, True, "production")


def test_a_program_with_wrong_settings_ends_with_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A RunError is shown by Pulumi as it is, without a traceback."""
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"holdfast:imgae": IMAGE}))
    monkeypatch.delenv(OVERRIDES, raising=False)
    config.set_all_config({})

    with pytest.raises(RunError, match=r"(?s)artifact: missing.*did you mean image\?.*nothing was changed"):
        Settings.from_config()


def test_pulumi_yaml_describes_every_setting_with_the_same_default() -> None:
    """The schema that Pulumi checks and the model that the program checks are one."""
    described = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    fields = {field.alias: field for field in Settings.model_fields.values()}
    unset = {
        "registry": {},
        "modelPackageGroup": {},
        "modelVersion": {},
        "modelPackage": "",
        "recommender": {},
        "recommendation": {},
        "registryCredentials": "",
        "permissions": "",
        "sample": "",
        "subnets": [],
        "securityGroups": [],
        "ssmAccessUntil": "",
    }

    assert set(described) == set(fields)
    for name, field in fields.items():
        assert described[name]["description"]
        if field.is_required():
            assert "default" not in described[name]
        else:
            assert described[name]["default"] == unset.get(name, field.default)


@pytest.mark.parametrize("stack", ["rehearsal", "rehearsal-tenant", "rehearsal-recommender"])
def test_the_rehearsals_settings_are_good(stack: str, tmp_path: Path) -> None:
    """With the defaults that Pulumi.yaml adds, and once the sample is packed."""
    given = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    defaults = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    given = {f"holdfast:{key}": each["default"] for key, each in defaults.items() if "default" in each} | given
    packed = tmp_path / given["holdfast:artifact"]
    packed.parent.mkdir(parents=True)
    packed.write_bytes(b"\x1f\x8b")
    sample = tmp_path / given["holdfast:sample"]
    sample.write_text("1,2,3,4\n")
    settings = Settings.from_mapping(given, directory=tmp_path)

    assert settings.stage == "production"
    assert settings.sample == str(sample)
    assert (settings.subnets, settings.permissions) == (None, None)


def test_the_page_of_the_settings_has_a_row_for_each_with_its_default() -> None:
    """A table that lacks a setting, or tells an old default, helps nobody."""
    rows = [
        [cell.strip().strip("`") for cell in line.split("|")[1:-1]]
        for line in (ROOT / "docs" / "settings.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    fields = {field.alias: field for field in Settings.model_fields.values()}

    assert [row[0] for row in rows] == list(fields)
    for name, _, default, *_ in rows:
        field = fields[name]
        value = "" if field.is_required() else "unset" if field.default is None else field.default
        assert default == (json.dumps(value) if not isinstance(value, str) else value)


@pytest.mark.parametrize(
    ("chosen", "image"),
    [
        ("sha256:" + "2" * 64, "host:5000/team/model@sha256:" + "2" * 64),
        (":latest", "host:5000/team/model:latest"),
        ("elsewhere/model:1", "elsewhere/model:1"),
    ],
)
def test_a_bare_digest_or_tag_is_one_of_the_same_repository(chosen: str, image: str) -> None:
    """Rolling to another image of the same repository shouldn't want the whole reference again."""
    for before in ("host:5000/team/model:1", "host:5000/team/model@sha256:" + "1" * 64, "host:5000/team/model"):
        merged = overridden({"image": before, "name": "n"}, {"image": chosen})

        assert merged == {"image": image, "name": "n"}
