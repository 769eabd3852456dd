"""Functions about who and where: account, region, partition, zones, and keys and images by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.provider.refusals import AccountRefusal, ProviderRefusal

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties


def caller_identity(account: Account, arguments: Properties) -> Properties:
    """aws.get_caller_identity."""
    found = account.call("sts", "GetCallerIdentity")
    return {"id": found["Account"], "accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"]}


def region(account: Account, arguments: Properties) -> Properties:
    """aws.get_region."""
    name = arguments.get("name") or account.region
    endpoint = f"ec2.{name}.{account.domain}"
    described = DESCRIPTIONS.get(name, name)
    return {"id": name, "name": name, "region": name, "endpoint": endpoint, "description": described}


DESCRIPTIONS = {
    "eu-central-1": "Europe (Frankfurt)",
    "eu-west-1": "Europe (Ireland)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-2": "US West (Oregon)",
}
"""Source: the AWS General Reference; other regions are described by their name."""


def partition(account: Account, arguments: Properties) -> Properties:
    """aws.get_partition."""
    reverse = ".".join(reversed(account.domain.split(".")))
    return {
        "id": account.partition,
        "partition": account.partition,
        "dnsSuffix": account.domain,
        "reverseDnsPrefix": reverse,
    }


def availability_zones(account: Account, arguments: Properties) -> Properties:
    """aws.get_availability_zones."""
    filters = [{"Name": f["name"], "Values": f["values"]} for f in arguments.get("filters") or []]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    found = account.call("ec2", "DescribeAvailabilityZones", Filters=filters or None)["AvailabilityZones"]
    left = set(arguments.get("excludeNames") or []), set(arguments.get("excludeZoneIds") or [])
    kept = [z for z in found if z["ZoneName"] not in left[0] and z["ZoneId"] not in left[1]]
    kept.sort(key=lambda z: z["ZoneName"])
    return {
        **{k: v for k, v in arguments.items() if k != "region"},
        "id": account.region,
        "region": account.region,
        "names": [z["ZoneName"] for z in kept],
        "zoneIds": [z["ZoneId"] for z in kept],
        "groupNames": sorted({z.get("GroupName") or account.region for z in kept}),
    }


def key(account: Account, arguments: Properties) -> Properties:
    """aws.kms.get_key."""
    asked = {"KeyId": arguments["keyId"], "GrantTokens": arguments.get("grantTokens")}
    found = account.call("kms", "DescribeKey", **asked)["KeyMetadata"]
    created = found.get("CreationDate")
    return {
        "id": found["KeyId"],
        "keyId": arguments["keyId"],
        "arn": found["Arn"],
        "awsAccountId": found.get("AWSAccountId", account.id),
        "creationDate": created.strftime("%Y-%m-%dT%H:%M:%SZ") if created else "",
        "deletionDate": found["DeletionDate"].strftime("%Y-%m-%dT%H:%M:%SZ") if found.get("DeletionDate") else "",
        "customerMasterKeySpec": found.get("CustomerMasterKeySpec") or found.get("KeySpec", ""),
        "keySpec": found.get("KeySpec", ""),
        "description": found.get("Description", ""),
        "enabled": bool(found.get("Enabled")),
        "expirationModel": found.get("ExpirationModel", ""),
        "keyManager": found.get("KeyManager", ""),
        "keyState": found.get("KeyState", ""),
        "keyUsage": found.get("KeyUsage", ""),
        "multiRegion": bool(found.get("MultiRegion")),
        "multiRegionConfigurations": [],
        "origin": found.get("Origin", ""),
        "validTo": "",
        "cloudHsmClusterId": found.get("CloudHsmClusterId", ""),
        "customKeyStoreId": found.get("CustomKeyStoreId", ""),
        "pendingDeletionWindowInDays": found.get("PendingDeletionWindowInDays", 0),
        "xksKeyConfigurations": [],
        "grantTokens": arguments.get("grantTokens") or [],
        "region": account.region,
    }


def alias(account: Account, arguments: Properties) -> Properties:
    """aws.kms.get_alias."""
    name = arguments["name"]
    for found in account.pages("kms", "ListAliases", "Aliases"):
        if found["AliasName"] == name:
            target = found.get("TargetKeyId") or account.call("kms", "DescribeKey", KeyId=name)["KeyMetadata"]["KeyId"]
            arn = found["AliasArn"]
            key_arn = f"{arn.rpartition(':')[0]}:key/{target}"
            made = {"id": arn, "arn": arn, "name": name, "targetKeyId": target, "targetKeyArn": key_arn}
            return {**made, "region": account.region}
    raise AccountRefusal("ListAliases", "NotFoundException", f"there is no alias {name} in {account.region}")


def repository(account: Account, arguments: Properties) -> Properties:
    """aws.ecr.get_repository."""
    asked = {"repositoryNames": [arguments["name"]], "registryId": arguments.get("registryId")}
    found = account.call("ecr", "DescribeRepositories", **asked)["repositories"][0]
    encryption = found.get("encryptionConfiguration") or {"encryptionType": "AES256"}
    recent = sorted(
        account.pages("ecr", "DescribeImages", "imageDetails", repositoryName=arguments["name"]),
        key=lambda image: str(image.get("imagePushedAt")),
    )
    tagged = [image for image in recent if image.get("imageTags")]
    tags = account.call("ecr", "ListTagsForResource", resourceArn=found["repositoryArn"])["tags"]
    return {
        "id": found["repositoryName"],
        "name": found["repositoryName"],
        "arn": found["repositoryArn"],
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUri"],
        "imageTagMutability": found.get("imageTagMutability", "MUTABLE"),
        "imageTagMutabilityExclusionFilters": [],
        "imageScanningConfigurations": [
            {"scanOnPush": bool((found.get("imageScanningConfiguration") or {}).get("scanOnPush"))}
        ],
        "encryptionConfigurations": [
            {"encryptionType": encryption["encryptionType"], "kmsKey": encryption.get("kmsKey", "")},
        ],
        "mostRecentImageTags": tagged[-1]["imageTags"] if tagged else [],
        "tags": {t["Key"]: t["Value"] for t in tags},
        "region": account.region,
    }


def image(account: Account, arguments: Properties) -> Properties:
    """aws.ecr.get_image."""
    name = arguments["repositoryName"]
    which = {"imageTag": arguments.get("imageTag"), "imageDigest": arguments.get("imageDigest")}
    which = {k: v for k, v in which.items() if v}
    recent = bool(arguments.get("mostRecent"))
    if bool(which) == recent:
        raise ProviderRefusal("exactly one of imageTag and imageDigest, or mostRecent, must be set")
    asked = {"repositoryName": name, "registryId": arguments.get("registryId"), "imageIds": [which] if which else None}
    found = account.call("ecr", "DescribeImages", **asked)["imageDetails"]
    if not found:
        raise AccountRefusal("DescribeImages", "ImageNotFoundException", f"repository {name} has no such image")
    one = max(found, key=lambda detail: str(detail.get("imagePushedAt")))
    where = account.call("ecr", "DescribeRepositories", repositoryNames=[name])["repositories"][0]["repositoryUri"]
    pushed = one.get("imagePushedAt")
    return {
        "id": one["imageDigest"],
        "imageDigest": one["imageDigest"],
        "imageTag": arguments.get("imageTag", ""),
        "imageTags": one.get("imageTags") or [],
        "imagePushedAt": int(pushed.timestamp()) if hasattr(pushed, "timestamp") else int(pushed or 0),
        "imageSizeInBytes": int(one.get("imageSizeInBytes") or 0),
        "imageUri": f"{where}@{one['imageDigest']}",
        "mostRecent": recent,
        "registryId": one["registryId"],
        "repositoryName": name,
        "region": account.region,
    }


FUNCTIONS = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getRegion:getRegion": region,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
    "aws:kms/getKey:getKey": key,
    "aws:kms/getAlias:getAlias": alias,
    "aws:ecr/getRepository:getRepository": repository,
    "aws:ecr/getImage:getImage": image,
}
