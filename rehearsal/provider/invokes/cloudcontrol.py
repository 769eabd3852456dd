"""Functions about resources of Cloud Control: one resource's properties, by type and identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.provider.refusals import ProviderRefusal

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


def resource(account: Account, arguments: Properties) -> Properties:
    """aws.cloudcontrol.get_resource (GetResource). Source: Terraform's data source aws_cloudcontrolapi_resource."""
    if lacking := [name for name in ("roleArn", "typeVersionId") if arguments.get(name)]:
        raise ProviderRefusal(f"aws.cloudcontrol.get_resource: the rehearsal has no {lacking[0]}; leave it out here")
    asked = {"TypeName": arguments["typeName"], "Identifier": arguments["identifier"]}
    found = account.call("cloudcontrol", "GetResource", **asked)["ResourceDescription"]
    return {**arguments, "id": found["Identifier"], "properties": found["Properties"], "region": account.region}


FUNCTIONS = {"aws:cloudcontrol/getResource:getResource": resource}
