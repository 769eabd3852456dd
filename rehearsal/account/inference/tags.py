"""AddTags, ListTags, DeleteTags for what SageMaker has here that takes tags. Source: the API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import invalid

if TYPE_CHECKING:
    from rehearsal.account.inference.records import Tagged
    from rehearsal.account.inference.service import Inference, Request

_MOST = 50


def _resource(inference: Inference, request: Request) -> Tagged:
    arn = request.parameters["ResourceArn"]
    region = arn.split(":")[3]
    state = inference.region(region)
    lower = arn.partition("/")[0] + "/" + arn.partition("/")[2].lower()
    package = state.packages.get(lower)
    if package is not None:
        if package.version is not None:
            # CreateModelPackage, Tags: a versioned package "uses the tags associated with the model group".
            raise invalid(f"Tagging is not supported for the versioned model package {arn}; tag its group.")
        return package
    for each in (
        *state.models.values(),
        *state.configurations.values(),
        *state.endpoints.values(),
        *state.groups.values(),
        *state.jobs.values(),
    ):
        if each.arn == lower:
            return each
    raise invalid(f"Resource {arn} does not exist.")


def add(inference: Inference, request: Request) -> dict[str, Any]:
    """Adds tags or overwrites those of the same key (AddTags); at most 50 a resource.

    Source: AddTags (API reference).
    """
    resource = _resource(inference, request)
    merged = {**resource.tags, **{tag["Key"]: tag["Value"] for tag in request.parameters["Tags"]}}
    if len(merged) > _MOST:
        raise invalid(f"A resource can have at most {_MOST} tags; {resource.arn} would have {len(merged)}.")
    resource.tags = merged
    return {"Tags": [{"Key": key, "Value": value} for key, value in merged.items()]}


def list_all(inference: Inference, request: Request) -> dict[str, Any]:
    """All tags of a resource, on one page. Source: ListTags (API reference)."""
    resource = _resource(inference, request)
    return {"Tags": [{"Key": key, "Value": value} for key, value in resource.tags.items()]}


def delete(inference: Inference, request: Request) -> dict[str, Any]:
    """Removes tags by key; keys that aren't there don't matter. Source: DeleteTags (API reference)."""
    resource = _resource(inference, request)
    for key in request.parameters["TagKeys"]:
        resource.tags.pop(key, None)
    return {}
