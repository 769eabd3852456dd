"""Used from elsewhere: by endpoints of another account, which can't be seen from here, and of another Region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cell import READ, REMOVED, WRITE, Cell, Change, Inputs, allow, document, principal, rename, trust

if TYPE_CHECKING:
    from collections.abc import Iterator

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]


def elsewhere(world: dict[str, Any]) -> Iterator[Cell]:
    """All of them."""
    yield from shared_things(world)
    yield from shared_by_policy(world)
    yield from far(world)


def shared_things(world: dict[str, Any]) -> Iterator[Cell]:
    """What another account may read: `open_to` is the account that boto3 names in its policy."""
    theirs, ours = {"open_to": world["other_root"]}, {"open_to": world["root"]}

    def pair(name: str, before: Inputs, after: Inputs | None) -> list[Change]:
        made = rename(before, "{n}", name), rename(before, "{n}", f"{name}-twin")
        return [
            Change(inputs, after if after is None else {**inputs, **after}, {"shared": who})
            for inputs, who in zip(made, (theirs, ours), strict=True)
        ]

    key = {"deletionWindowInDays": 7, "isEnabled": True}
    name = "shared-key-removed"
    yield Cell(name, "aws:kms/key:Key", "key-in-use-stays", *pair(name, key, REMOVED))
    name = "shared-key-disabled"
    yield Cell(name, "aws:kms/key:Key", "key-in-use-stays-enabled", *pair(name, key, {"isEnabled": False}))
    name = "shared-bucket-removed"
    bucket = {"bucket": "{n}", "forceDestroy": True}
    yield Cell(name, "aws:s3/bucket:Bucket", "bucket-in-use-stays", *pair(name, bucket, REMOVED))
    name = "shared-repository-removed"
    repository = {"name": "{n}", "forceDelete": True}
    yield Cell(name, "aws:ecr/repository:Repository", "repository-in-use-stays", *pair(name, repository, REMOVED))
    name = "shared-model-package-group-removed"
    group = {"modelPackageGroupName": "{n}"}
    token = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
    yield Cell(name, token, "model-package-group-in-use-stays", *pair(name, group, REMOVED))


def shared_by_policy(world: dict[str, Any]) -> Iterator[Cell]:
    """The policies and grants themselves, as resources: the other account is taken out, or stays."""
    other, own = world["other_root"], world["root"]
    everything = {"Effect": "Allow", "Principal": {"AWS": own}, "Action": "kms:*", "Resource": "*"}
    objects = "arn:aws:s3:::{n}/*"
    table: list[tuple[str, str, str, Inputs, list[Inputs]]] = [
        (
            "bucket",
            "aws:s3/bucketPolicy:BucketPolicy",
            "bucket-in-use-stays-readable",
            {"bucket": "{n}"},
            [principal("{who}", READ, objects)],
        ),
        (
            "key",
            "aws:kms/keyPolicy:KeyPolicy",
            "key-in-use-stays-usable",
            {},
            [everything, principal("{who}", ["kms:Decrypt", "kms:DescribeKey"], "*")],
        ),
        (
            "repository",
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
            "repository-in-use-stays-readable",
            {"repository": "{n}"},
            [principal("{who}", PULL)],
        ),
    ]
    for thing, token, guard, owner, statements in table:
        name = f"shared-{thing}-policy-narrowed"
        pair = []
        for one in (name, f"{name}-twin"):
            inputs = {"keyId": world["keys"][one]} if thing == "key" else rename(owner, "{n}", one)
            opened, closed = (rename(rename(statements, "{n}", one), "{who}", who) for who in (other, own))
            after = closed if one == name else [*opened, closed[-1]]
            pair.append(Change(*({**inputs, "policy": document(*each)} for each in (opened, after))))
        yield Cell(name, token, guard, *pair)
    name = "shared-grant-removed"
    grant = {"keyId": world["keys"][name], "name": name, "operations": ["Decrypt", "DescribeKey"]}
    yield Cell(
        name,
        "aws:kms/grant:Grant",
        "key-in-use-stays-usable",
        Change({**grant, "granteePrincipal": world["other_role"]}, REMOVED),
        Change({**grant, "name": f"{name}-twin", "granteePrincipal": world["role"]}, REMOVED),
    )


def far(world: dict[str, Any]) -> Iterator[Cell]:
    """What an endpoint of another Region uses, which `install(regions=[...])` names."""

    def pair(name: str, before: Inputs, after: Inputs | None, use: dict[str, Any], safe: Inputs | None) -> list[Change]:
        twin = f"{name}-twin"
        return [
            Change(rename(before, "{n}", name), after, rename({"far": use}, "{n}", name)),
            Change(rename(before, "{n}", twin), safe, {} if safe is None else rename({"far": use}, "{n}", twin)),
        ]

    role = world["roles"] + "{n}"
    name = "far-role-removed"
    used = {"ExecutionRoleArn": role, "ModelDataUrl": ""}
    before = {"name": "{n}", "assumeRolePolicy": trust()}
    yield Cell(name, "aws:iam/role:Role", "role-in-use-stays", *pair(name, before, REMOVED, used, REMOVED))
    name = "far-bucket-removed"
    used = {"DestinationS3Uri": "s3://{n}/"}
    yield Cell(
        name, "aws:s3/bucket:Bucket", "bucket-in-use-stays", *pair(name, {"bucket": "{n}"}, REMOVED, used, REMOVED)
    )
    name = "far-rights-narrowed"
    policy = {"role": "{n}", "name": "one", "policy": document(allow(READ))}
    used = {"ExecutionRoleArn": role}
    refused = {"policy": document(allow(WRITE))}
    safe = {"policy": document(allow([READ, WRITE]))}
    yield Cell(
        name,
        "aws:iam/rolePolicy:RolePolicy",
        "role-in-use-keeps-its-rights",
        *(
            Change(one.before, {**(one.before or {}), **(one.after or {})}, one.use)
            for one in pair(name, policy, refused, used, safe)
        ),
    )
