"""
The settings of a private Docker registry: how it is asked, where credentials are kept, where it lies in the network.

Source: "Use a Private Docker Registry for Real-Time Inference Containers" (SageMaker Developer Guide).
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from knowledge.arns import parse_image

IMAGE = r"[^\s:@]+(:\d+/[^\s:@]+)?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
CREDENTIALS = "registryCredentials"
INTERNET = "internet"
_SECRET_ARN = r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}\Z"  # noqa: S105 - the pattern of an ARN
_GROUP = r"sg-[0-9a-f]{8,17}"
_CIDR = r"(\d{1,3}\.){3}\d{1,3}/\d{1,2}"


def _described(description: str, may_be: str, **constraints: Any) -> Any:
    return Field(description=description, json_schema_extra={"may_be": may_be}, **constraints)


class RegistryCredentials(BaseModel):
    """User name and password, from a setting that the stack keeps as a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: Annotated[
        SecretStr, _described("the user name for the registry", "a text of at least one character", min_length=1)
    ]
    password: Annotated[
        SecretStr, _described("the password for the registry", "a text of at least one character", min_length=1)
    ]

    def secret_string(self) -> str:
        """The two in the form that the credentials provider reads. Handle as the secret that it is."""
        found = {"username": self.username.get_secret_value(), "password": self.password.get_secret_value()}
        return json.dumps(found)


class RegistrySettings(BaseModel):
    """What the setting `registry` may hold."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, regex_engine="python-re")

    authentication: Annotated[
        Literal["none", "basic", "bearer"],
        _described("how the registry lets SageMaker in", "none, basic (user and password) or bearer (a token server)"),
    ] = "none"

    secret: Annotated[
        str | None,
        _described(
            "the secret in AWS Secrets Manager that keeps user name and password",
            'the full ARN of a secret whose value is {"username": "...", "password": "..."}',
            pattern=_SECRET_ARN,
        ),
    ] = None

    network: Annotated[
        str | None,
        _described(
            "where the registry lies, as seen from the model's subnets",
            "the id of its security group, its addresses as in 10.1.0.0/24, or internet",
            pattern=rf"^({_GROUP}|{_CIDR}|{INTERNET})\Z",
        ),
    ] = None

    ports: Annotated[
        list[Annotated[int, Field(ge=1, le=65535)]] | None,
        _described(
            "the ports at which the registry, and its token server, are asked",
            "a list of 1 to 5 port numbers",
            min_length=1,
            max_length=5,
        ),
    ] = None

    lambda_endpoint: Annotated[
        Literal["private-dns", "manual", "existing"],
        _described(
            "how the VPC reaches AWS Lambda",
            "private-dns (an interface endpoint with a private DNS name is made), manual (one without, to which you "
            "map lambda.<region>.amazonaws.com) or existing (the VPC has one)",
        ),
    ] = "private-dns"

    group_rules: Annotated[
        bool,
        _described("whether the stack makes the rules between the security groups", "true or false (you keep them)"),
    ] = True

    def ports_of(self, image: str) -> list[int]:
        """The ports that are set, else the one in the image's reference, else 443."""
        if self.ports:
            return self.ports
        found = re.match(r"^[^/]+:(\d+)/", image)
        return [int(found[1])] if found else [443]


def contradictions(given: Mapping[str, Any]) -> list[str]:
    """What is wrong with the registry's settings beside the others, and with an image that no setting lets in."""
    image, registry = given.get("image"), object_in(given.get("registry"))
    if not isinstance(image, str) or not re.fullmatch(IMAGE, image):
        return []  # which is told by itself
    outside = not parse_image(image).is_ecr
    problems = []
    if registry is None:
        if outside and "registry" not in given:
            problems.append(
                f"registry: missing; image {image} isn't in Amazon ECR, and SageMaker pulls it only by way of your VPC "
                "(docs/private-registry.md)"
            )
        if CREDENTIALS in given:
            problems.append(f"{CREDENTIALS}: there is no registry that they are for; set registry as well")
        return problems
    if not outside:
        problems.append(f"registry: image {image} is in Amazon ECR, which needs no registry settings")
    if "subnets" not in given:
        problems.append(
            "subnets: missing; a private registry is reached from its own VPC, so name subnets and securityGroups there"
        )
    asks, kept = (
        registry.get("authentication", "none"),
        [
            name
            for name, there in (("registry.secret", registry.get("secret")), (CREDENTIALS, given.get(CREDENTIALS)))
            if there
        ],
    )
    if asks == "none" and kept:
        problems.append(f"{kept[0]}: registry.authentication is none, so nobody would ask for it; set basic or bearer")
    if asks in ("basic", "bearer") and not kept:
        problems.append(
            f"registry.secret: missing; with {asks} authentication the credentials come from a secret of AWS Secrets "
            f"Manager (registry.secret) or from the secret setting {CREDENTIALS}"
        )
    if len(kept) > 1:
        problems.append(f"{CREDENTIALS}: registry.secret is set as well; keep the credentials in one place")
    return problems


def object_in(value: Any) -> Mapping[str, Any] | None:
    """A setting's object before its checks, given as such or as JSON text; None when it is empty or no object."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, Mapping) and value else None
