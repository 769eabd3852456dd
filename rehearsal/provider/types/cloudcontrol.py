"""Cloud Control: Resource, any type of CloudFormation's by its JSON.

Source: Terraform's `aws_cloudcontrolapi_resource`, which pulumi-aws wraps. It reads the type's schema when it plans,
refuses a desired state that the schema doesn't allow, and replaces when a path of the JSON Patch between the old and
the new desired state *is* one of `createOnlyProperties`. A path below one is none, so a change inside an object that
is create-only is planned as an update in place, which Cloud Control then refuses (NotUpdatableException).
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from rehearsal.provider import json_patch
from rehearsal.provider.described import Limit, Resource, wait_for
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.values import UNKNOWN

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

SECONDS = 2 * 60 * 60
NOT_FOUND = "NotFound"


class CloudControlResource(Resource):
    """A resource of a type that Cloud Control has; its id is the type's primary identifier."""

    token = "aws:cloudcontrol/resource:Resource"
    noun = "Cloud Control Resource"
    service = "cloudcontrol"
    id_property = ""
    limits = {
        "typeName": Limit(
            r"[0-9A-Za-z]{2,64}::[0-9A-Za-z]{2,64}::[0-9A-Za-z]{2,64}",
            "must be three alphanumeric sections separated by double colons (::)",
        ),
    }
    replaces = ("typeName", "region")
    optional_computed = ("schema",)
    recomputed = {"properties": ("desiredState",)}
    lacks = ("roleArn", "typeVersionId")
    missing = (("ResourceNotFoundException", ""), ("", "not found"))

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """The desired state is a JSON object, as far as it is known."""
        text = inputs["desiredState"]
        if text is UNKNOWN:
            return []
        try:
            state = json.loads(text)
        except ValueError as error:
            return [("desiredState", f"must be JSON, and isn't ({error})")]
        return [] if isinstance(state, dict) else [("desiredState", "must be a JSON object")]

    def planned(self, account: Account, inputs: Properties) -> Properties:
        """The type's schema, and a refusal of a desired state that it doesn't allow."""
        if inputs.get("typeName") is UNKNOWN or inputs.get("schema") is UNKNOWN:
            return {}
        schema = str(inputs.get("schema") or self._schema(account, inputs["typeName"]))
        if inputs["desiredState"] is not UNKNOWN:
            _validate(json.loads(schema), json.loads(inputs["desiredState"]))
        return {"schema": schema}

    def _schema(self, account: Account, name: str) -> str:
        return str(account.call("cloudformation", "DescribeType", Type="RESOURCE", TypeName=name)["Schema"])

    def replaced_by(self, path: str, state: Properties, news: Properties) -> bool:
        """Whether a path of the patch is, exactly, one of the schema's createOnlyProperties."""
        old, new, schema = state.get("desiredState"), news.get("desiredState"), state.get("schema")
        if path != "desiredState" or not all(isinstance(text, str) for text in (old, new, schema)):
            return False
        fixed = {name.removeprefix("/properties") for name in json.loads(str(schema)).get("createOnlyProperties", [])}
        return any(piece["path"] in fixed for piece in json_patch.between(json.loads(str(old)), json.loads(str(new))))

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateResource, and a wait for its request to end."""
        self.planned(account, inputs)
        asked = {"TypeName": inputs["typeName"], "DesiredState": inputs["desiredState"]}
        ended = self._ended(account, "CreateResource", asked)
        if ended["OperationStatus"] == "SUCCESS":
            return str(ended["Identifier"])
        failed = _failed(ended)
        raise HalfMade(str(ended["Identifier"]), failed) if ended.get("Identifier") else failed

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetResource; the schema is read once."""
        found = account.call("cloudcontrol", "GetResource", TypeName=state["typeName"], Identifier=id_)
        made = {"properties": found["ResourceDescription"]["Properties"]}
        return made if state.get("schema") else made | {"schema": self._schema(account, state["typeName"])}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """UpdateResource with the patch between the two desired states."""
        if "desiredState" not in changed:
            return
        self.planned(account, new)
        patch = json_patch.between(json.loads(old["desiredState"]), json.loads(new["desiredState"]))
        asked = {"TypeName": new["typeName"], "Identifier": id_, "PatchDocument": json.dumps(patch)}
        ended = self._ended(account, "UpdateResource", asked)
        if ended["OperationStatus"] != "SUCCESS":
            raise _failed(ended)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteResource, and a wait for its request to end."""
        ended = self._ended(account, "DeleteResource", {"TypeName": state["typeName"], "Identifier": id_})
        if ended["OperationStatus"] != "SUCCESS" and ended.get("ErrorCode") != NOT_FOUND:
            raise _failed(ended)

    def imported(self, account: Account, id_: str) -> Properties:
        """Terraform's resource has no import."""
        raise ProviderRefusal(f"{self.token} can't be imported: an identifier doesn't tell its type (pulumi-aws can't)")

    def _ended(self, account: Account, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """A request's last event, when it has ended well or badly."""
        token = account.call("cloudcontrol", operation, ClientToken=str(uuid.uuid4()), **asked)["ProgressEvent"]

        def look() -> tuple[str, dict[str, Any]]:
            found = account.call("cloudcontrol", "GetResourceRequestStatus", RequestToken=token["RequestToken"])
            return found["ProgressEvent"]["OperationStatus"], found["ProgressEvent"]

        ended = wait_for(
            account,
            look,
            target={"SUCCESS", "FAILED", "CANCEL_COMPLETE"},
            pending={"PENDING", "IN_PROGRESS", "CANCEL_IN_PROGRESS"},
            seconds=SECONDS,
            what=f"{operation} of {asked['TypeName']}",
        )
        return dict(ended)


def _failed(event: dict[str, Any]) -> ProviderRefusal:
    what = f"Cloud Control ({event['TypeName']} {event.get('Identifier', '')}): {event['Operation']}"
    return ProviderRefusal(
        f"{what} ended {event['OperationStatus']}: {event.get('ErrorCode')}: {event.get('StatusMessage')}"
    )


def _validate(schema: dict[str, Any], state: dict[str, Any]) -> None:
    """Raises ProviderRefusal when a desired state isn't what the type's schema allows."""
    from jsonschema import Draft7Validator  # type: ignore[import-untyped]

    fixed = {name.rpartition("/")[2] for name in schema.get("readOnlyProperties", [])} & set(state)
    problems = [f"{name} is read-only" for name in sorted(fixed)]
    errors = sorted(Draft7Validator(schema).iter_errors(state), key=lambda error: list(map(str, error.path)))
    problems += [f"{'/'.join(map(str, error.path)) or 'the document'}: {_short(error.message)}" for error in errors]
    if problems:
        raise ProviderRefusal(
            f"desiredState isn't what the schema of {schema.get('typeName')} allows: {'; '.join(problems)}"
        )


def _short(text: str) -> str:
    return text if len(text) < 200 else f"{text[:90]} ... {text[-90:]}"  # noqa: PLR2004 - a value may be a whole document
