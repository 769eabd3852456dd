"""What a stack says of its recommendation jobs: its settings, and what its last `up` made for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from components.recommender_settings import RECOMMENDER, RecommenderSettings
from components.settings_problems import SettingsError, problem
from components.settings_reading import overridden
from pipeline.errors import PipelineError
from pipeline.recommend.ground import Ground
from pipeline.stack_file import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.engine import EngineName
    from pipeline.stack_file import StackFile

DEFAULT_NAME = "decision-trees"


@dataclass(frozen=True)
class Wanted:
    """A stack's settings, those of one run in their place."""

    recommender: RecommenderSettings
    name: str
    given: Mapping[str, Any]
    """All of Holdfast's settings."""

    @property
    def own_network(self) -> bool:
        """Whether the stack makes the network that jobs run in."""
        return not (self.recommender.subnets or texts(self.given.get("subnets")))

    @property
    def complete(self) -> bool:
        """Whether the settings say everything, so that the stack's outputs aren't needed."""
        wanted = self.recommender
        keyed = wanted.output_key or self.given.get("key") == "none"
        return bool(
            keyed and wanted.role and wanted.bucket and wanted.security_groups and wanted.version and wanted.subnets
        )

    def ground(self, made: Mapping[str, Any]) -> Ground:
        """What can be looked at: what is set, else what `up` made (its outputs)."""
        wanted = self.recommender
        subnets = wanted.subnets or texts(made.get("recommenderSubnetIds")) or texts(self.given.get("subnets"))
        return Ground(
            version=self.version(made),
            role=wanted.role or str(made.get("recommenderRoleArn") or ""),
            subnets=tuple(sorted(subnets)),
            groups=tuple(sorted(wanted.security_groups or texts(made.get("recommenderSecurityGroupIds")))),
            bucket=wanted.bucket or str(made.get("recommenderBucket") or ""),
            types=tuple(wanted.instance_types or ()),
            makes_endpoint=wanted.s3_endpoint != "existing",
            key=wanted.output_key or str(made.get("recommenderKeyArn") or ""),
        )

    def version(self, made: Mapping[str, Any]) -> str:
        """The version that is tried: the one that is set, else what the stack registers, else what it deploys."""
        named = (self.recommender.version, made.get("modelPackageArn"), self.given.get("modelPackage"))
        return next((str(one) for one in named if one), "")


def whole(ground: Ground, stack: str) -> Ground:
    """
    The ground, when nothing of it is lacking.

    Raises:
        PipelineError: something is, because nobody has set it and no `up` has made it.

    """
    lacking = {
        "version (recommender.version, or --version)": ground.version,
        "role (recommender.role)": ground.role,
        "subnets (recommender.subnets)": ground.subnets,
        "security groups (recommender.securityGroups)": ground.groups,
        "bucket (recommender.bucket)": ground.bucket,
    }
    if missing := [name for name, value in lacking.items() if not value]:
        raise PipelineError(
            f"stack {stack} has no {', no '.join(missing)} yet. Run `holdfast up --stack {stack}`, which makes them, "
            "or set them."
        )
    return ground


def wanted_of(file: StackFile, chosen: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> Wanted | None:
    """
    What a stack wants of recommendation jobs; None where it has no setting `recommender`.

    Args:
        file: its settings.
        chosen: those of this run alone.
        more: parts of `recommender` for this run, from options.

    Raises:
        PipelineError: a setting can't be used.

    """
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): value for key, value in file.config().items() if key.startswith(prefix)}
    given = overridden(own, dict(chosen))
    recommender = _map(given.get(RECOMMENDER), file)
    if not recommender and not more:
        return None
    try:
        settings = RecommenderSettings.model_validate({**recommender, **(more or {})})
    except ValidationError as error:
        problems = [f"{RECOMMENDER}.{_told(dict(one))}" for one in error.errors()]
        raise PipelineError(str(SettingsError(problems))) from None
    return Wanted(settings, str(given.get("name") or DEFAULT_NAME), given)


def _told(error: dict[str, Any]) -> str:
    if error["loc"]:
        return problem(RecommenderSettings, error, frozenset())
    return f"job: {error.get('ctx', {}).get('error', error['msg'])}"


def _map(value: Any, file: StackFile) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except ValueError as error:
            raise PipelineError(f"{file.path.name}: {RECOMMENDER} is to be a map, and isn't one: {error}") from error
    if value is not None and not isinstance(value, dict):
        raise PipelineError(f"{file.path.name}: {RECOMMENDER} is to be a map, not {value!r}.")
    return dict(value or {})


def texts(value: Any) -> list[str]:
    """A list of texts as a setting or an output carries it."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "[]")
        except ValueError:
            return []
    return [str(one) for one in value] if isinstance(value, list) else []


def made_by(project: Path, stack: str, engine_name: EngineName | None = None) -> dict[str, Any]:
    """
    The outputs of the stack's last `up`, by the engine that did it; empty when there was none.

    Raises:
        PipelineError: the engine isn't there, or can't open the stack.

    """
    from pipeline import rehearsing
    from pipeline.engine import engine_for
    from pipeline.operation import Target

    with engine_for(stack, engine_name, project) as engine:
        rehearsing.enter(engine)
        target = Target(project, stack, engine)
        return outputs_in(target.open(target.workspace()).export_stack().deployment)


def outputs_in(deployment: Mapping[str, Any] | None) -> dict[str, Any]:
    """The stack's outputs in an exported deployment."""
    for resource in (deployment or {}).get("resources", []):
        if resource["type"] == "pulumi:pulumi:Stack":
            return dict(resource.get("outputs") or {})
    return {}
