"""The Model Registry's groups, and who else may use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import Limit, Resource, wait_for
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.provider.types.sagemaker import TAGS

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


class ModelPackageGroup(Resource):
    """A name that versions of a model are registered under."""

    token = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
    noun = "SageMaker ModelPackageGroup"
    service = "sagemaker"
    id_property = "modelPackageGroupName"
    limits = {
        "modelPackageGroupName": Limit(
            r"[0-9A-Za-z](-*[0-9A-Za-z]){0,62}",
            "may hold only letters, digits and hyphens between them, at most 63",
        ),
        "modelPackageGroupDescription": Limit(longest=1024),
    }
    replaces_all_but = ("tags",)
    create_operation, read_operation = "CreateModelPackageGroup", "DescribeModelPackageGroup"
    delete_operation, id_parameter = "DeleteModelPackageGroup", "ModelPackageGroupName"
    renames = {"arn": "ModelPackageGroupArn"}
    missing = (("ValidationException", "does not exist"), ("ResourceNotFound", ""))
    tagging = TAGS

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateModelPackageGroup and a wait for Completed."""
        name = super().create(account, inputs)

        def look() -> tuple[str, dict[str, Any]]:
            found = self.describe(account, name)
            return found.get("ModelPackageGroupStatus", "Completed"), found

        try:
            wait_for(
                account,
                look,
                target={"Completed"},
                pending={"Pending", "InProgress"},
                seconds=600,
                what=f"{self.noun} {name}",
            )
        except ProviderRefusal as refusal:
            raise HalfMade(name, refusal) from refusal
        return name


class ModelPackageGroupPolicy(Resource):
    """Which other accounts may see and use a group."""

    token = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
    noun = "SageMaker ModelPackageGroupPolicy"
    service = "sagemaker"
    id_property = "modelPackageGroupName"
    replaces = ("modelPackageGroupName", "region")
    documents = ("resourcePolicy",)
    read_operation, delete_operation = "GetModelPackageGroupPolicy", "DeleteModelPackageGroupPolicy"
    id_parameter = "ModelPackageGroupName"
    missing = (
        ("ValidationException", "cannot find model package group"),
        ("ValidationException", "cannot find resource policy"),
        ("ValidationException", "does not exist"),
        ("ResourceNotFound", ""),
    )

    def create(self, account: Account, inputs: Properties) -> str:
        """PutModelPackageGroupPolicy."""
        name, policy = str(inputs["modelPackageGroupName"]), json.dumps(json.loads(inputs["resourcePolicy"]))
        account.call("sagemaker", "PutModelPackageGroupPolicy", ModelPackageGroupName=name, ResourcePolicy=policy)
        return name

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetModelPackageGroupPolicy."""
        return {"modelPackageGroupName": id_, "resourcePolicy": self.describe(account, id_)["ResourcePolicy"]}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """The same call again."""
        self.create(account, new)
