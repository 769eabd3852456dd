"""Functions about secrets that exist: what is said of one, never its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.provider.refusals import ProviderRefusal

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


def secret(account: Account, arguments: Properties) -> Properties:
    """aws.secretsmanager.get_secret, by ARN or name (DescribeSecret, GetResourcePolicy)."""
    named = arguments.get("arn") or arguments.get("name")
    if not named or (arguments.get("arn") and arguments.get("name")):
        raise ProviderRefusal("must specify either arn or name of the secret")
    found = account.call("secretsmanager", "DescribeSecret", SecretId=named)
    policy = account.call("secretsmanager", "GetResourcePolicy", SecretId=named).get("ResourcePolicy")
    dates = {"createdDate": found.get("CreatedDate"), "lastChangedDate": found.get("LastChangedDate")}
    return {
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId") or "",
        "policy": policy or "",
        "region": account.region,
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags") or [] if not tag["Key"].startswith("aws:")},
        "type": "",
        **{name: date.strftime("%Y-%m-%dT%H:%M:%SZ") if date else "" for name, date in dates.items()},
    }


FUNCTIONS = {"aws:secretsmanager/getSecret:getSecret": secret}
