"""What buckets, keys, repositories and functions let a role do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cell import READ, REMOVED, WRITE, Cell, Change, Inputs, document, principal, rename

if TYPE_CHECKING:
    from collections.abc import Iterator


def resource_policies(world: dict[str, Any]) -> Iterator[Cell]:
    """What a bucket, a key, a repository and a function let a role do that has no rights of its own (`guest`)."""
    guest, root = world["roles"] + "guest", {"AWS": world["root"]}
    everything = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    key_actions = ["kms:Decrypt", "kms:CreateGrant", "kms:DescribeKey"]
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    bucket_token, key_token = "aws:s3/bucketPolicy:BucketPolicy", "aws:kms/keyPolicy:KeyPolicy"
    repository_token = "aws:ecr/repositoryPolicy:RepositoryPolicy"

    def bucket(name: str, *actions: str) -> Inputs:
        objects = f"arn:aws:s3:::{name}/*"
        return {"bucket": name, "policy": document(*(principal(guest, one, objects) for one in actions))}

    def key(name: str, *statements: Inputs) -> Inputs:
        return {"keyId": world["keys"][name], "policy": document(everything, *statements)}

    def repository(name: str, *actions: Any) -> Inputs:
        return {"repository": name, "policy": document(*(principal(guest, one) for one in actions))}

    for change in ("removed", "narrowed"):
        gone, kept = (REMOVED, REMOVED) if change == "removed" else (0, 0)
        name = f"bucket-policy-{change}"
        uses = {
            "model": {
                "ExecutionRoleArn": guest,
                "ModelDataUrl": f"s3://{name}/model.tar.gz",
                "Image": world["foreign_image"],
            }
        }
        yield Cell(
            name,
            bucket_token,
            "bucket-in-use-stays-readable",
            Change(bucket(name, READ), gone if gone is None else bucket(name, WRITE), uses),
            Change(
                bucket(f"{name}-twin", WRITE if kept is None else READ),
                kept if kept is None else bucket(f"{name}-twin", READ, WRITE),
                {} if kept is None else rename(uses, name, f"{name}-twin"),
            ),
        )
        name = f"key-policy-{change}"
        uses = {"config": {"KmsKeyId": world["keys"][name], "Role": guest}}
        yield Cell(
            name,
            key_token,
            "key-in-use-stays-usable",
            Change(
                key(name, principal(guest, key_actions, "*")),
                gone if gone is None else key(name, principal(guest, "kms:Describe*", "*")),
                uses,
            ),
            Change(
                key(f"{name}-twin", principal(guest, key_actions, "*")),
                kept if kept is None else key(f"{name}-twin", principal(guest, [*key_actions, "kms:Encrypt"], "*")),
                {} if kept is None else {"config": {"KmsKeyId": world["keys"][f"{name}-twin"], "Role": guest}},
            ),
        )
        name = f"repository-policy-{change}"
        login = world["roles"] + "login"
        uses = {"model": {"ExecutionRoleArn": login, "Image": name, "ModelDataUrl": ""}}
        twin = rename(uses, name, f"{name}-twin")
        yield Cell(
            name,
            repository_token,
            "repository-in-use-stays-readable",
            rename_role(
                Change(repository(name, pull), gone if gone is None else repository(name, "ecr:PutImage"), uses),
                guest,
                login,
            ),
            rename_role(
                Change(
                    repository(f"{name}-twin", "ecr:PutImage" if kept is None else pull),
                    kept if kept is None else repository(f"{name}-twin", pull, "ecr:PutImage"),
                    {} if kept is None else twin,
                ),
                guest,
                login,
            ),
        )
    name = "grant-removed"
    operations = ["Decrypt", "CreateGrant", "DescribeKey"]
    yield Cell(
        name,
        "aws:kms/grant:Grant",
        "key-in-use-stays-usable",
        Change(
            {"keyId": world["keys"][name], "name": name, "granteePrincipal": guest, "operations": operations},
            REMOVED,
            {"config": {"KmsKeyId": world["keys"][name], "Role": guest}},
        ),
        Change(
            {
                "keyId": world["keys"][f"{name}-twin"],
                "name": f"{name}-twin",
                "granteePrincipal": guest,
                "operations": operations,
            },
            REMOVED,
        ),
    )
    name = "permission-removed"
    permission = {"statementId": name, "action": "lambda:InvokeFunction", "function": name, "principal": guest}
    yield Cell(
        name,
        "aws:lambda/permission:Permission",
        "function-in-use-stays-callable",
        Change(
            permission,
            REMOVED,
            {"model": {"ExecutionRoleArn": guest, "Function": world["functions"] + name, "ModelDataUrl": ""}},
        ),
        Change(rename(permission, "-removed", "-removed-twin"), REMOVED),
    )


def rename_role(change: Change, old: str, new: str) -> Change:
    return Change(rename(change.before, old, new), rename(change.after, old, new), change.use)
