from typing import Any

import pulumi
from parity_sdk import Thing, env, note
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class Version(ResourceProvider):
    def create(self, props: Any) -> CreateResult:
        note(call="dynamic-create", name=props["name"])
        return CreateResult("version-" + props["name"], {**props, "arn": "arn:" + props["name"]})

    def diff(self, _id: Any, olds: Any, news: Any) -> DiffResult:
        changed = [k for k in ("name", "status") if olds.get(k) != news.get(k)]
        return DiffResult(
            changes=bool(changed), replaces=["name"] if "name" in changed else [], delete_before_replace=False
        )

    def update(self, _id: Any, olds: Any, news: Any) -> UpdateResult:
        note(call="dynamic-update", name=news["name"])
        return UpdateResult({**news, "arn": olds["arn"]})

    def delete(self, _id: Any, props: Any) -> None:
        note(call="dynamic-delete", name=props["name"])


class ModelVersion(Resource):
    arn: pulumi.Output[str]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        super().__init__(Version(), resource_name, {**props, "arn": None}, opts)


v = ModelVersion("v", name=env("NAME", "one"), status=env("STATUS", "pending"))
Thing("user", value=v.arn)
