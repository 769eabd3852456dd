"""A model package group: what the versions of one model are registered in."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.registry_account_access import RegistryAccountAccess


class ModelPackageGroupArgs(TypedDict):
    """What a ModelPackageGroup is made from."""

    group_name: str
    """Its name: 1 to 63 letters, digits and hyphens. It is part of every version's ARN, and never changes."""

    description: NotRequired[str]
    """What it is for, at most 1024 characters. AWS can't change it: later changes of it are ignored."""

    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """At most 50; versions have none of their own."""

    training_accounts: NotRequired[Sequence[str]]
    """Other accounts that may register versions."""

    deploying_accounts: NotRequired[Sequence[str]]
    """Other accounts that may deploy versions."""

    discoverable: NotRequired[bool]
    """Whether these accounts see the group in AWS RAM."""

    retained: NotRequired[bool]
    """Whether the group stays when the stack goes; one with versions can't be deleted."""


class ModelPackageGroup(pulumi.ComponentResource):
    """
    A model package group and, where other accounts use it, its policy (RegistryAccountAccess).

    SageMaker deletes a group only when it has no versions left, and the guards hold it while an endpoint runs one.
    """

    group: aws.sagemaker.ModelPackageGroup
    """The group itself."""

    name: pulumi.Output[str]
    """Its name, known only once it is there, so that what registers in it waits."""

    arn: pulumi.Output[str]
    """Its ARN."""

    def __init__(self, name: str, args: ModelPackageGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:ModelPackageGroup", name, {}, opts)
        self.group = aws.sagemaker.ModelPackageGroup(
            name,
            model_package_group_name=args["group_name"],
            model_package_group_description=args.get("description") or None,
            tags=args.get("tags"),
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["modelPackageGroupDescription"],
                retain_on_delete=args.get("retained", False),
            ),
        )
        self.name = self.group.model_package_group_name
        self.arn = self.group.arn
        training, deploying = args.get("training_accounts", []), args.get("deploying_accounts", [])
        self.access = None
        if training or deploying:
            self.access = RegistryAccountAccess(
                name,
                {
                    "group_name": self.name,
                    "group_arn": self.arn,
                    "training_accounts": training,
                    "deploying_accounts": deploying,
                    "discoverable": args.get("discoverable", False),
                },
                pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"name": self.name, "arn": self.arn})
