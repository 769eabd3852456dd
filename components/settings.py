"""
The settings of a stack: what each is, what it may be, and one clear error when some are wrong.

They come from the stack's configuration (`Pulumi.<stack>.yaml`, described in `Pulumi.yaml`); the environment variable
HOLDFAST_SET (a JSON object) overrides some of them for one run. What AWS itself would refuse is told here, with its
limit; what AWS accepts passes, because it is for packs and guards to refuse what is unsafe.
Limits: CreateModel, CreateEndpointConfig, CreateEndpoint, CreateAlias (API references), IAM quotas.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from components import model_registry_settings, names, registry_settings
from components.model_registry_settings import DeployersField, GroupField, PackageField, VersionField
from components.recommender_settings import Recommendation, RecommenderSettings
from components.registry_settings import CREDENTIALS, RegistryCredentials, RegistrySettings
from components.settings_problems import NAMESPACE, SettingsError, contradictions, problem
from components.settings_reading import (
    LONGEST_VARIABLE,
    MOST_VARIABLES,
    checked_artifact,
    checked_permissions,
    checked_variables,
    described,
    end_date,
    existing_file,
    from_text,
    of_namespace,
    overridden,
    overrides,
    texts,
    without_unset,
)
from knowledge import end_dates

if TYPE_CHECKING:
    import pulumi


class Settings(BaseModel):
    """The settings, checked: what is a path is absolute and names a file that is there."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, regex_engine="python-re")

    _secret: frozenset[str] = PrivateAttr(default=frozenset())

    name: Annotated[
        str,
        described(
            "the endpoint's name, after which everything else is called",
            "1 to 63 letters, digits and hyphens, neither beginning nor ending with a hyphen",
            pattern=rf"^{names.NAME.pattern}\Z",
        ),
    ] = "decision-trees"

    stage: Annotated[
        Literal["production", "development"],
        described("what the endpoint is for, written as the tag holdfast:stage", "production or development"),
    ] = "production"

    image: Annotated[
        str,
        described(
            "the reference of the inference image",
            "at most 255 characters without white space: <registry>/<repository>@sha256:<64 digits>, or with a :<tag>",
            pattern=rf"^{registry_settings.IMAGE}\Z",
            max_length=255,
        ),
    ] = ""

    artifact: Annotated[
        str,
        described(
            "the model's artifact",
            "the path of a local model.tar.gz, or the s3:// URL (at most 1024 characters) of one that is already there",
            min_length=1,
            max_length=1024,
        ),
    ] = ""

    environment: Annotated[
        dict[str, str],
        BeforeValidator(texts),
        AfterValidator(checked_variables),
        described(
            "the environment of the container",
            f"a map of at most {MOST_VARIABLES} names (letters, digits, _; no digit in front) to texts, "
            f"each of at most {LONGEST_VARIABLE} characters",
            max_length=MOST_VARIABLES,
        ),
    ] = {}

    instance_type: Annotated[
        str,
        described(
            "the type of the instances",
            "one of SageMaker's types for hosting, as in ml.m5.large",
            pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+\Z",
        ),
    ] = "ml.m5.large"

    instance_count: Annotated[int, described("how many instances serve", "a whole number from 1", ge=1)] = 1

    ssm_access: Annotated[
        bool, described("whether shells can be opened in the containers (EnableSSMAccess)", "true or false")
    ] = False

    ssm_access_until: Annotated[
        str | None,
        BeforeValidator(end_date),
        described(
            "the moment at which access to the containers ends: from then on a preview refuses it",
            f"a date and time with a time zone, as in {end_dates.EXAMPLE}",
        ),
    ] = None

    ssm_access_endpoints: Annotated[
        Literal["auto", "none"],
        described(
            "the interface endpoints of Session Manager in the containers' VPC",
            "auto (made while ssmAccess is on and no way leads out of the VPC) or none (they are there already)",
        ),
    ] = "auto"

    key: Annotated[
        str,
        described(
            "the KMS key that encrypts artifact and instance storage",
            "own (one is made), none, or an existing key: alias/<name>, its ARN or its id",
            pattern=r"^(own|none|alias/[a-zA-Z0-9/_-]{1,250}|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[a-zA-Z0-9/_-]+"
            r"|mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z",
        ),
    ] = "own"

    key_enabled: Annotated[
        bool, described("whether the stack's own key is enabled", "true or false; only with key: own")
    ] = True

    permissions: Annotated[
        str | None,
        described(
            "an IAM policy document in the place of the generated rights of the execution role",
            "the path of a JSON file",
        ),
    ] = None

    subnets: Annotated[
        list[Annotated[str, Field(pattern=r"^[-0-9a-zA-Z]{1,32}\Z")]] | None,
        BeforeValidator(from_text),
        described(
            "the subnets of the containers; unset, the stack makes a network of its own",
            "a list of 1 to 16 subnet ids, together with securityGroups",
            min_length=1,
            max_length=16,
        ),
    ] = None

    security_groups: Annotated[
        list[Annotated[str, Field(pattern=r"^[-0-9a-zA-Z]{1,32}\Z")]] | None,
        BeforeValidator(from_text),
        described(
            "the security groups of the containers",
            "a list of 1 to 5 security group ids, together with subnets",
            min_length=1,
            max_length=5,
        ),
    ] = None

    registry: Annotated[
        RegistrySettings | None,
        BeforeValidator(from_text),
        described("the private Docker registry that the image lies in", "a map (docs/private-registry.md)"),
    ] = None

    registry_credentials: Annotated[
        RegistryCredentials | None,
        BeforeValidator(from_text),
        described(
            "user name and password for the registry, kept by the stack",
            'a secret (pulumi config set --secret) of the form {"username": "...", "password": "..."}',
        ),
    ] = None

    recommender: Annotated[
        RecommenderSettings | None,
        BeforeValidator(from_text),
        described("what recommendation jobs try, and where they run", "a map (docs/inference-recommender.md)"),
    ] = None

    recommendation: Annotated[
        Recommendation | None,
        BeforeValidator(from_text),
        described("where the instance type comes from", "a map that `holdfast recommend --apply` writes"),
    ] = None

    model_package_group: GroupField = None
    model_version: VersionField = None
    model_package: PackageField = None
    deployers: DeployersField = []

    sample: Annotated[
        str | None,
        described("a request body that is sent once after `up`", "the path of a file"),
    ] = None

    sample_content_type: Annotated[
        str, described("the content type of the sample", "a media type, as in text/csv", pattern=r"^[^\s/]+/[^\s/]+\Z")
    ] = "text/csv"

    @field_validator("artifact")
    @classmethod
    def _artifact(cls, value: str, info: ValidationInfo) -> str:
        return checked_artifact(value, info)

    @field_validator("permissions")
    @classmethod
    def _permissions(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else checked_permissions(value, info)

    @field_validator("sample")
    @classmethod
    def _sample(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else str(existing_file(value, info))

    @property
    def serves(self) -> bool:
        """Whether the stack has an endpoint: what it registers is deployed only where `modelPackage` names it."""
        return self.model_package is not None or (self.model_version is None and bool(self.image))

    @property
    def artifact_path(self) -> Path | None:
        """The local artifact, or None when it lies in Amazon S3 already."""
        return None if not self.artifact or self.artifact.startswith("s3://") else Path(self.artifact)

    def model_post_init(self, context: Any, /) -> None:
        """Remember which settings are secrets, so that they stay secrets."""
        self._secret = (context or {}).get("secret", frozenset())

    def container_environment(self) -> "pulumi.Input[Mapping[str, str]] | None":
        """The environment for a Pulumi resource: None when empty, a secret when the configuration has it as one."""
        import pulumi

        if not self.environment:
            return None
        return pulumi.Output.secret(self.environment) if "environment" in self._secret else self.environment

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], *, directory: Path | None = None, secret: Iterable[str] = ()
    ) -> Self:
        """
        Check settings given by name (`instanceType`, or `holdfast:instanceType`; other namespaces are left alone).

        Values may be text, as configuration carries them. `directory` is what relative paths begin at (the working
        directory unless given); values of the names in `secret` are never quoted. Raises SettingsError with everything
        that is wrong.
        """
        given = without_unset(cls, of_namespace(mapping))
        hidden = frozenset(name.removeprefix(f"{NAMESPACE}:") for name in secret)
        problems = contradictions(given) + registry_settings.contradictions(given)
        problems += model_registry_settings.contradictions(given)
        if CREDENTIALS in given and CREDENTIALS not in hidden:
            problems.append(f"{CREDENTIALS}: it is kept in clear text; set it with `pulumi config set --secret`")
            hidden |= {CREDENTIALS}
        told: list[Any] = model_registry_settings.missing(given)
        try:
            settings = cls.model_validate(given, context={"directory": directory or Path.cwd(), "secret": hidden})
        except ValidationError as error:
            told += error.errors()
        order = [field.alias for field in cls.model_fields.values()]
        told.sort(key=lambda each: order.index(each["loc"][0]) if each["loc"][0] in order else len(order))
        problems += [problem(cls, dict(each), hidden) for each in told]
        if problems:
            raise SettingsError(dict.fromkeys(problems))
        return settings

    @classmethod
    def from_config(cls) -> Self:
        """
        The settings of the stack whose program runs, with the overrides of HOLDFAST_SET.

        Raises pulumi.RunError, which Pulumi shows without a traceback.
        """
        import pulumi
        from pulumi.runtime import config

        stack = config.get_config_env() | config.CONFIG.get()
        try:
            return cls.from_mapping(
                overridden(of_namespace(stack), overrides(os.environ)),
                secret=[key for key in stack if config.is_config_secret(key)],
            )
        except SettingsError as error:
            raise pulumi.RunError(str(error)) from None
