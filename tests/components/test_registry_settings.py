"""The settings of a private registry: what they may be, what contradicts what, and no word of a secret."""

from typing import Any

import pytest

from components.settings import Settings
from components.settings_problems import SettingsError
from components.settings_reading import overrides

ECR = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample@sha256:{'a' * 64}"
IMAGE = f"registry.example.com:5000/team/model@sha256:{'a' * 64}"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:registry-a1B2c3"
KEPT = '{"username": "robot", "password": "hunter2"}'
NETWORK: dict[str, Any] = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
BASIC = {"authentication": "basic", "secret": SECRET}


def problems(*, secret: tuple[str, ...] = ("registryCredentials",), **given: Any) -> list[str]:
    try:
        Settings.from_mapping({"image": IMAGE, "artifact": "s3://artifacts/model.tar.gz", **given}, secret=secret)
    except SettingsError as error:
        found = error
    else:
        return []
    assert "hunter2" not in str(found)
    return found.problems


@pytest.mark.parametrize(
    "given",
    [
        {"registry": {"authentication": "none", "network": "internet"}},
        {"registry": BASIC},
        {"registry": {"authentication": "bearer"}, "registryCredentials": KEPT},
        {"registry": f'{{"authentication": "basic", "secret": "{SECRET}"}}'},
        {"registry": {**BASIC, "network": "10.1.0.0/24", "ports": [5000, 5001], "lambdaEndpoint": "manual"}},
        {"image": ECR, "registry": {}},
        {"image": ECR, "registry": None, "registryCredentials": ""},
    ],
)
def test_good_settings_pass(given: dict[str, Any]) -> None:
    assert problems(**{**NETWORK, **given}) == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no-registry": ({"subnets": ["subnet-1"]}, "registry: missing; image"),
    "no-subnets": (
        {"registry": BASIC, "subnets": None, "securityGroups": None},
        "subnets: missing; a private registry",
    ),
    "ecr": ({"image": ECR, "registry": BASIC}, "is in Amazon ECR, which needs no registry settings"),
    "secret-for-nobody": ({"registry": {"secret": SECRET}}, "registry.secret: registry.authentication is none"),
    "no-secret": ({"registry": {"authentication": "bearer"}}, "registry.secret: missing; with bearer"),
    "two-secrets": ({"registry": BASIC, "registryCredentials": KEPT}, "keep the credentials in one place"),
    "credentials-alone": ({"image": ECR, "registryCredentials": KEPT}, "there is no registry that they are for"),
    "clear-text": (
        {"registry": {"authentication": "basic"}, "registryCredentials": KEPT, "secret": ()},
        "registryCredentials: it is kept in clear text",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_settings_that_contradict_each_other_are_told(case: str) -> None:
    given, says = WRONG[case]

    assert any(says in problem for problem in problems(**{**NETWORK, **given}))


@pytest.mark.parametrize(
    ("registry", "says"),
    [
        ({"authentication": "digest"}, "registry.authentication: 'digest' was given"),
        ({"netwrok": "internet"}, "registry.netwrok: there is no such setting; did you mean network?"),
        ({"network": "sg-x"}, "registry.network: 'sg-x' was given"),
        ({"ports": [0]}, "registry.ports: 0 was given"),
        ({"secret": "registry"}, "registry.secret: 'registry' was given"),
        ({"lambdaEndpoint": "no"}, "registry.lambdaEndpoint: 'no' was given"),
        ("not json", "registry: 'not json' was given"),
    ],
)
def test_a_wrong_one_is_told_by_its_full_name(registry: Any, says: str) -> None:
    assert any(says in problem for problem in problems(registry=registry, **NETWORK))


@pytest.mark.parametrize(
    "kept",
    ["hunter2", '["hunter2"]', '{"username": "robot"}', '{"username": "", "password": "hunter2", "x": "hunter2"}'],
)
def test_credentials_of_another_form_are_told_and_never_quoted(kept: str) -> None:
    found = problems(registry={"authentication": "basic"}, registryCredentials=kept, **NETWORK)

    assert found
    assert all(problem.startswith("registryCredentials") for problem in found)


def test_credentials_are_not_given_for_one_run() -> None:
    """They would stand in the environment, and in the command line's history."""
    with pytest.raises(SettingsError, match="in clear text") as caught:
        overrides({"HOLDFAST_SET": '{"registryCredentials": {"username": "robot", "password": "hunter2"}}'})

    assert "hunter2" not in str(caught.value)


def test_settings_don_t_show_the_credentials() -> None:
    given = {"image": IMAGE, "artifact": "s3://artifacts/model.tar.gz", "registry": {"authentication": "basic"}}
    settings = Settings.from_mapping({**given, **NETWORK, "registryCredentials": KEPT}, secret=["registryCredentials"])

    assert "hunter2" not in repr(settings)
    assert settings.registry_credentials is not None
    assert "hunter2" in settings.registry_credentials.secret_string()


@pytest.mark.parametrize(
    ("image", "ports"),
    [(IMAGE, [5000]), ("registry.example.com/m@sha256:0", [443]), ("docker.io/team/m", [443])],
)
def test_the_port_is_the_image_s_unless_it_is_set(image: str, ports: list[int]) -> None:
    from components.registry_settings import RegistrySettings

    assert RegistrySettings().ports_of(image) == ports
    assert RegistrySettings(ports=[1]).ports_of(image) == [1]
