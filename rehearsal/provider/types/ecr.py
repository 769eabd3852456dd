"""ECR: Repository, RepositoryPolicy, LifecyclePolicy. Source: the ECR API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

NAME = Limit(
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
    "may hold only small letters, digits and single . _ - / between them; automatic names keep capitals, so set one",
    longest=256,
)
NO_REPOSITORY = (("RepositoryNotFoundException", ""),)


class Repository(Resource):
    """A place for images."""

    token = "aws:ecr/repository:Repository"
    noun = "ECR Repository"
    service = "ecr"
    auto_name = AutoName(limit=255)
    defaults = {"imageTagMutability": "MUTABLE", "encryptionConfigurations[].encryptionType": "AES256"}
    limits = {
        "name": NAME,
        "imageTagMutability": Limit(
            choices=("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"),
        ),
        "encryptionConfigurations[].encryptionType": Limit(choices=("AES256", "KMS", "KMS_DSSE")),
    }
    replaces = (
        "name",
        "encryptionConfigurations",
        "encryptionConfigurations[].encryptionType",
        "encryptionConfigurations[].kmsKey",
        "region",
    )
    optional_computed = ("encryptionConfigurations[].kmsKey", "encryptionConfigurations", "imageScanningConfiguration")
    unread = ("forceDelete",)
    create_operation, read_operation = "CreateRepository", "DescribeRepositories"
    answer = "repositories"
    renames = {
        "name": "repositoryName",
        "arn": "repositoryArn",
        "repositoryUrl": "repositoryUri",
        "encryptionConfigurations": "encryptionConfiguration",
    }
    missing = NO_REPOSITORY
    tagging = Tagging(
        "ecr",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "resourceArn",
        tags="tags",
        keys="tagKeys",
        shown="tags",
    )

    def describe(self, account: Account, id_: str) -> dict[str, Any]:
        """The one repository of the answer."""
        return dict(account.call("ecr", "DescribeRepositories", repositoryNames=[id_])["repositories"][0])

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """PutImageTagMutability, PutImageScanningConfiguration."""
        if changed & {"imageTagMutability", "imageTagMutabilityExclusionFilters"}:
            names = {"imageTagMutability", "imageTagMutabilityExclusionFilters", "name"}
            values = {name: value for name, value in new.items() if name in names}
            account.call("ecr", "PutImageTagMutability", **self.request(account, "PutImageTagMutability", values))
        if "imageScanningConfiguration" in changed:
            scan = {"scanOnPush": bool((new.get("imageScanningConfiguration") or {}).get("scanOnPush"))}
            account.call("ecr", "PutImageScanningConfiguration", repositoryName=id_, imageScanningConfiguration=scan)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteRepository; images in it are an error unless forceDelete."""
        account.call("ecr", "DeleteRepository", repositoryName=id_, force=bool(state.get("forceDelete")))


class RepositoryPolicy(Resource):
    """Who else may use a repository."""

    token = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    noun = "ECR RepositoryPolicy"
    service = "ecr"
    id_property = "repository"
    replaces = ("repository", "region")
    documents = ("policy",)
    missing = (*NO_REPOSITORY, ("RepositoryPolicyNotFoundException", ""))

    def create(self, account: Account, inputs: Properties) -> str:
        """SetRepositoryPolicy."""
        account.call("ecr", "SetRepositoryPolicy", repositoryName=inputs["repository"], policyText=inputs["policy"])
        return str(inputs["repository"])

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetRepositoryPolicy."""
        found = account.call("ecr", "GetRepositoryPolicy", repositoryName=id_)
        return {"repository": id_, "policy": found["policyText"], "registryId": found["registryId"]}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """SetRepositoryPolicy again."""
        self.create(account, new)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteRepositoryPolicy."""
        account.call("ecr", "DeleteRepositoryPolicy", repositoryName=id_)


class LifecyclePolicy(Resource):
    """Which images expire."""

    token = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    noun = "ECR LifecyclePolicy"
    service = "ecr"
    id_property = "repository"
    replaces = ("repository", "policy", "region")
    documents = ("policy",)
    missing = (*NO_REPOSITORY, ("LifecyclePolicyNotFoundException", ""))

    def create(self, account: Account, inputs: Properties) -> str:
        """PutLifecyclePolicy."""
        put = {"repositoryName": inputs["repository"], "lifecyclePolicyText": inputs["policy"]}
        account.call("ecr", "PutLifecyclePolicy", **put)
        return str(inputs["repository"])

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetLifecyclePolicy."""
        found = account.call("ecr", "GetLifecyclePolicy", repositoryName=id_)
        return {"repository": id_, "policy": found["lifecyclePolicyText"], "registryId": found["registryId"]}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteLifecyclePolicy."""
        account.call("ecr", "DeleteLifecyclePolicy", repositoryName=id_)
