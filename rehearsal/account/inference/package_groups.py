"""Model package groups: CreateModelPackageGroup and its like, and the resource policy of a group.

Sources: the operations' pages in the API reference. Refusals are in the words that the CloudFormation handlers of
`aws-cloudformation-resource-providers-sagemaker` and Terraform's provider look for ("Model Package Group already
exists", "ModelPackageGroup ... does not exist.", "Cannot find Model Package Group", "Cannot find resource policy for").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.inference.records import PackageGroup
from rehearsal.account.inference.service import page, tag_map

if TYPE_CHECKING:
    from rehearsal.account.inference.service import Inference, Request

_LARGEST_POLICY = 20480  # PolicyString, API reference


def create(inference: Inference, request: Request) -> dict[str, Any]:
    """Makes a group, which is Completed at once. Source: CreateModelPackageGroup (API reference)."""
    parameters = request.parameters
    name = parameters["ModelPackageGroupName"]
    groups = inference.region(request.region).groups
    arn = inference.arn(request.region, "model-package-group", name)
    if any(existing.arn == arn for existing in groups.values()):
        raise invalid(f"Model Package Group already exists: {arn}")
    groups[name] = PackageGroup(
        name=name,
        arn=arn,
        region=request.region,
        created=request.at,
        tags=tag_map(parameters.get("Tags")),
        description=parameters.get("ModelPackageGroupDescription"),
    )
    return {"ModelPackageGroupArn": arn}


def describe(inference: Inference, request: Request) -> dict[str, Any]:
    """The group; CreatedBy is empty, as it is for callers that are no user of SageMaker Studio.

    Source: DescribeModelPackageGroup (API reference).
    """
    group = find(inference, request)
    return {**_summary(group), "CreatedBy": {}}


def _summary(group: PackageGroup) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": group.arn,
        "CreationTime": group.created,
        "ModelPackageGroupStatus": "Completed",
    }
    if group.description is not None:
        summary["ModelPackageGroupDescription"] = group.description
    return summary


def list_all(inference: Inference, request: Request) -> dict[str, Any]:
    """Groups, newest first; with CrossAccountFilterOption those that other accounts share and this one has accepted.

    Source: "View shared model package groups" (SageMaker Developer Guide, model-registry-ram-view-shared.html).
    """
    if request.parameters.get("CrossAccountFilterOption") == "CrossAccount":
        neighbours = inference.holdings.neighbours
        others = neighbours.others() if neighbours is not None else []
        shared = [
            PackageGroup(**told)
            for account in others
            for told in (neighbours.ask(account, "groups", region=request.region) if neighbours is not None else [])
        ]
        return page(shared, request, "ModelPackageGroupSummaryList", _summary)
    groups = list(inference.region(request.region).groups.values())
    return page(groups, request, "ModelPackageGroupSummaryList", _summary)


def delete(inference: Inference, request: Request) -> dict[str, Any]:
    """Deletes a group; refused with ConflictException while it has versions.

    Source: DeleteModelPackageGroup lists ConflictException; Terraform's provider and the AWS page "Delete a Model
    Group" say that a group must be empty.
    """
    group = find(inference, request)
    state = inference.region(request.region)
    if any(package.group == group.name for package in state.packages.values()):
        raise Refusal("ConflictException", f"Model Package Group: {group.arn} cannot be deleted as it is not empty.")
    del state.groups[group.name]
    return {}


def put_policy(inference: Inference, request: Request) -> dict[str, Any]:
    """Sets the resource policy; it must be JSON with statements about this group.

    Source: PutModelPackageGroupPolicy (API reference).
    """
    group = _find_for_policy(inference, request)
    text = request.parameters["ResourcePolicy"]
    try:
        document = json.loads(text)
    except ValueError as error:
        raise invalid(f"Invalid resource policy: it is no JSON ({error}).") from error
    statements = document.get("Statement") if isinstance(document, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise invalid("Invalid resource policy: it has no Statement.")
    for statement in statements:
        _check_statement(statement)
    if len(text) > _LARGEST_POLICY:
        raise invalid(f"Invalid resource policy: it has {len(text)} characters, at most {_LARGEST_POLICY} are allowed.")
    group.policy = text
    return {"ModelPackageGroupArn": group.arn}


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise invalid("Invalid resource policy: a Statement needs an Effect, Allow or Deny.")
    for element in ("Principal", "Action", "Resource"):
        if element not in statement and f"Not{element}" not in statement:
            raise invalid(f"Invalid resource policy: a Statement has no {element}.")


def get_policy(inference: Inference, request: Request) -> dict[str, Any]:
    """The resource policy as it was put. Source: GetModelPackageGroupPolicy (API reference)."""
    group = _find_for_policy(inference, request)
    if group.policy is None:
        raise invalid(f"Cannot find resource policy for: {group.arn}")
    return {"ResourcePolicy": group.policy}


def delete_policy(inference: Inference, request: Request) -> dict[str, Any]:
    """Takes the resource policy away. Source: DeleteModelPackageGroupPolicy (API reference)."""
    group = _find_for_policy(inference, request)
    if group.policy is None:
        raise invalid(f"Cannot find resource policy for: {group.arn}")
    group.policy = None
    return {}


def find(inference: Inference, request: Request, member: str = "ModelPackageGroupName") -> PackageGroup:
    """The group that a parameter names, by name or ARN, in whatever case."""
    arn = group_arn(inference, request, request.parameters[member])
    for group in inference.region(request.region).groups.values():
        if group.arn == arn:
            return group
    raise invalid(f"ModelPackageGroup {arn} does not exist.")


def group_arn(inference: Inference, request: Request, named: str) -> str:
    """The ARN of a group given by name or ARN; refuses one of another account or region."""
    name = named.partition("/")[2] if named.startswith("arn:") else named
    own = inference.arn(request.region, "model-package-group", name)
    if named.startswith("arn:"):
        refuse_elsewhere(inference, request, named)
    return own


def refuse_elsewhere(inference: Inference, request: Request, arn: str) -> None:
    """Refuses an ARN of another region as AWS does, one of another account as the gap that it is here."""
    region, account = arn.split(":")[3:5]
    if account != inference.account:
        raise Refusal(
            "NotImplemented",
            f"the emulated account {inference.account} was asked for {arn}, which is account {account}'s, and no "
            "emulated account of that id lies beside it. This is a gap of the rehearsal, not an answer of AWS's.",
            501,
        )
    if region != request.region:
        raise invalid(f"{arn} is in region {region}, the request was made to {request.region}.")


def _find_for_policy(inference: Inference, request: Request) -> PackageGroup:
    name = request.parameters["ModelPackageGroupName"]
    arn = inference.arn(request.region, "model-package-group", name)
    for group in inference.region(request.region).groups.values():
        if group.arn == arn:
            return group
    raise invalid(f"Cannot find Model Package Group: {arn}")
