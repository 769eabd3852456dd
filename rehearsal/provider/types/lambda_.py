"""Lambda: Function, Permission. Source: the Lambda API reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.provider import files
from rehearsal.provider.described import AutoName, Limit, Resource, unique_name, wait_for
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.provider.tagging import Tagging
from rehearsal.values import Archive, Properties

if TYPE_CHECKING:
    from rehearsal.provider.account import Account

GONE = (("ResourceNotFoundException", ""), ("ResourceNotFound", ""))
UNSET = -1
"""reservedConcurrentExecutions: no reservation."""


class Function(Resource):
    """Code that runs when it is called."""

    token = "aws:lambda/function:Function"
    noun = "Lambda Function"
    service = "lambda"
    auto_name = AutoName(limit=64)
    defaults = {
        "memorySize": 128,
        "packageType": "Zip",
        "publish": False,
        "reservedConcurrentExecutions": UNSET,
        "skipDestroy": False,
        "timeout": 3,
        "vpcConfig.ipv6AllowedForDualStack": False,
    }
    limits = {
        "name": Limit(r"[a-zA-Z0-9_-]+", "may hold only letters, digits, - and _", longest=64),
        "memorySize": Limit(least=128, most=10240),
        "timeout": Limit(least=1, most=900),
        "packageType": Limit(choices=("Zip", "Image")),
    }
    one_of = (("code", "imageUri", "s3Bucket"),)
    replaces = ("name", "packageType", "tenancyConfig", "durableConfig", "region")
    optional_computed = (
        "architectures",
        "codeSha256",
        "ephemeralStorage",
        "loggingConfig",
        "sourceCodeHash",
        "tracingConfig",
    )
    sets = ("vpcConfig.subnetIds", "vpcConfig.securityGroupIds")
    unread = (
        "code",
        "imageUri",
        "s3Bucket",
        "s3Key",
        "s3ObjectVersion",
        "sourceCodeHash",
        "sourceKmsKeyArn",
        "publish",
        "skipDestroy",
        "reservedConcurrentExecutions",
        "replaceSecurityGroupsOnDestroy",
        "replacementSecurityGroupIds",
        "codeSigningConfigArn",
        "layers",
    )
    lacks = (
        "capacityProviderConfig",
        "codeSigningConfigArn",
        "durableConfig",
        "publishTo",
        "replaceSecurityGroupsOnDestroy",
        "replacementSecurityGroupIds",
        "tenancyConfig",
        "useResourceTimeoutForPropagation",
    )
    coded = (
        "architectures",
        "code",
        "imageUri",
        "s3Bucket",
        "s3Key",
        "s3ObjectVersion",
        "sourceCodeHash",
        "sourceKmsKeyArn",
    )
    configured = (
        "deadLetterConfig",
        "description",
        "environment",
        "ephemeralStorage",
        "fileSystemConfig",
        "handler",
        "imageConfig",
        "kmsKeyArn",
        "layers",
        "loggingConfig",
        "memorySize",
        "role",
        "runtime",
        "snapStart",
        "timeout",
        "tracingConfig",
        "vpcConfig",
    )
    recomputed = {
        "lastModified": (*coded, *configured),
        "version": ("publish", *coded),
        "qualifiedArn": ("publish", *coded),
        "qualifiedInvokeArn": ("publish", *coded),
        "sourceCodeSize": coded,
    }
    create_operation, read_operation, delete_operation = "CreateFunction", "GetFunctionConfiguration", "DeleteFunction"
    id_parameter = "FunctionName"
    renames = {
        "name": "FunctionName",
        "arn": "FunctionArn",
        "kmsKeyArn": "KMSKeyArn",
        "sourceCodeSize": "CodeSize",
        "fileSystemConfig": "FileSystemConfigs",
        "imageConfig": "ImageConfig",
    }
    missing = GONE
    tagging = Tagging("lambda", "TagResource", "UntagResource", "ListTags", "Resource", key="")

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """What each kind of package needs (CreateFunction)."""
        if inputs.get("packageType") == "Image":
            return [] if inputs.get("imageUri") is not None else [("imageUri", "is needed when packageType is Image")]
        return [(n, "is needed when packageType is Zip") for n in ("handler", "runtime") if inputs.get(n) is None]

    def _code(self, inputs: Properties) -> dict[str, Any]:
        code = inputs.get("code")
        if isinstance(code, Archive):
            return {"ZipFile": files.packed(code)}
        if isinstance(code, str):
            return {"ZipFile": files.packed(Archive(path=code))}
        given = {"ImageUri": "imageUri", "S3Bucket": "s3Bucket", "S3Key": "s3Key", "S3ObjectVersion": "s3ObjectVersion"}
        return {api: inputs[name] for api, name in given.items() if inputs.get(name)}

    def _wait(self, account: Account, name: str, member: str) -> None:
        def look() -> tuple[str, dict[str, Any]]:
            found = self.describe(account, name)
            return found.get(member) or "Active", {**found, "FailureReason": found.get("StateReason")}

        done = {"Active", "Inactive", "Successful"}
        wait_for(account, look, target=done, pending={"Pending", "InProgress"}, seconds=600, what=f"{self.noun} {name}")

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateFunction, a wait until it is active, then its reserved concurrency."""
        asked = self.request(
            account, "CreateFunction", {k: v for k, v in inputs.items() if k not in ("code", "codeSha256")}
        )
        asked["Code"] = self._code(inputs)
        name = str(inputs["name"])
        account.call("lambda", "CreateFunction", **asked)
        try:
            self._wait(account, name, "State")
            self._reserve(account, name, inputs.get("reservedConcurrentExecutions", UNSET), UNSET)
        except ProviderRefusal as refusal:
            raise HalfMade(name, refusal) from refusal
        return name

    def _reserve(self, account: Account, name: str, wanted: int, before: int) -> None:
        if int(wanted) != UNSET:
            put = {"ReservedConcurrentExecutions": int(wanted)}
            account.call("lambda", "PutFunctionConcurrency", FunctionName=name, **put)
        elif int(before) != UNSET:
            account.call("lambda", "DeleteFunctionConcurrency", FunctionName=name)

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetFunctionConfiguration; layers by their ARNs, code by its hash."""
        found = self.describe(account, id_)
        told = self.flatten(
            account, {k: v for k, v in found.items() if k not in ("Layers", "VpcConfig", "Environment")}
        )
        arn = found["FunctionArn"].removesuffix(":$LATEST")
        invoke = f"arn:{account.partition}:apigateway:{account.region}:lambda:path/2015-03-31/functions"
        streaming = invoke.replace("2015-03-31", "2021-11-15")
        version = found.get("Version") or "$LATEST"
        variables = (found.get("Environment") or {}).get("Variables")
        network = found.get("VpcConfig") or {}
        subnets = network.get("SubnetIds") or []
        joined = {
            "subnetIds": subnets,
            "securityGroupIds": network.get("SecurityGroupIds") or [],
            "vpcId": network.get("VpcId"),
        }
        return {
            **told,
            "arn": arn,
            "codeSha256": found.get("CodeSha256"),
            "invokeArn": f"{invoke}/{arn}/invocations",
            "responseStreamingInvokeArn": f"{streaming}/{arn}/response-streaming-invocations",
            "qualifiedArn": f"{arn}:{version}",
            "qualifiedInvokeArn": f"{invoke}/{arn}:{version}/invocations",
            "environment": {"variables": variables} if variables else None,
            "vpcConfig": {k: v for k, v in joined.items() if v} if subnets else None,
            "description": found.get("Description") or None,
            "snapStart": None if (told.get("snapStart") or {}).get("applyOn") in (None, "None") else told["snapStart"],
            "packageType": found.get("PackageType") or "Zip",
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Configuration first, then code, a wait after each; then concurrency and a version to be published."""
        if changed & set(self.configured):
            names = {name for name in self.configured if new.get(name) is not None} | {"name"}
            values = {name: new[name] for name in names if name in new}
            asked = self.request_as(account, "UpdateFunctionConfiguration", values, self.renames)
            asked |= {api: value for name, (api, value) in EMPTIED.items() if name in changed and not new.get(name)}
            account.call("lambda", "UpdateFunctionConfiguration", **asked)
            self._wait(account, id_, "LastUpdateStatus")
        if changed & set(self.coded):
            architectures = new.get("architectures") or None
            account.call(
                "lambda", "UpdateFunctionCode", FunctionName=id_, Architectures=architectures, **self._code(new)
            )
            self._wait(account, id_, "LastUpdateStatus")
        if "reservedConcurrentExecutions" in changed:
            before = old.get("reservedConcurrentExecutions", UNSET)
            self._reserve(account, id_, new.get("reservedConcurrentExecutions", UNSET), before)
        if new.get("publish"):
            account.call("lambda", "PublishVersion", FunctionName=id_)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteFunction."""
        if not state.get("skipDestroy"):
            account.call("lambda", "DeleteFunction", FunctionName=id_)


EMPTIED: dict[str, tuple[str, Any]] = {
    "description": ("Description", ""),
    "environment": ("Environment", {"Variables": {}}),
    "vpcConfig": ("VpcConfig", {"SubnetIds": [], "SecurityGroupIds": []}),
    "layers": ("Layers", []),
    "kmsKeyArn": ("KMSKeyArn", ""),
}
"""How UpdateFunctionConfiguration is told that something is no longer wanted."""


class Permission(Resource):
    """A statement of a function's policy: who may call it."""

    token = "aws:lambda/permission:Permission"
    noun = "Lambda Permission"
    service = "lambda"
    id_property = "statementId"
    auto_name = AutoName("statementId", limit=100, unless=("statementIdPrefix",))
    conflicts = (("statementId", "statementIdPrefix"),)
    replaces_all_but = ()
    optional_computed = ("statementId", "statementIdPrefix")
    unread = ("statementIdPrefix",)
    missing = GONE
    asked = {
        "action": "Action",
        "eventSourceToken": "EventSourceToken",
        "functionUrlAuthType": "FunctionUrlAuthType",
        "invokedViaFunctionUrl": "InvokedViaFunctionUrl",
        "principal": "Principal",
        "principalOrgId": "PrincipalOrgID",
        "qualifier": "Qualifier",
        "sourceAccount": "SourceAccount",
        "sourceArn": "SourceArn",
    }

    def create(self, account: Account, inputs: Properties) -> str:
        """AddPermission."""
        id_ = str(inputs.get("statementId") or unique_name(inputs.get("statementIdPrefix", "")))
        parameters = {api: inputs.get(name) for name, api in self.asked.items()}
        account.call("lambda", "AddPermission", FunctionName=inputs["function"], StatementId=id_, **parameters)
        return id_

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """The statement in the function's policy; its ARN is said as the program said it."""
        where = {"FunctionName": state["function"], "Qualifier": state.get("qualifier")}
        policy = json.loads(account.call("lambda", "GetPolicy", **where)["Policy"])
        one = next((s for s in policy["Statement"] if s.get("Sid") == id_), None)
        if one is None:
            return None
        principal = one["Principal"]
        who = next(iter(principal.values())) if isinstance(principal, dict) else principal
        wanted = str(state.get("principal", ""))
        same = who in (wanted, f"arn:{account.partition}:iam::{wanted}:root")
        return {"statementId": id_, "action": one["Action"], "principal": wanted if same else who}

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """RemovePermission."""
        where = {"FunctionName": state["function"], "Qualifier": state.get("qualifier")}
        account.call("lambda", "RemovePermission", StatementId=id_, **where)

    def imported(self, account: Account, id_: str) -> Properties:
        """Imported by `<function>/<statement id>`, which this provider doesn't do."""
        raise ProviderRefusal(f"a Lambda Permission can't be imported here (id {id_})")
