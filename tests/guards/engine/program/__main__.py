"""A program that knows nothing of Holdfast's components: one import, one call.

`GONE` names what this run leaves out, `CHANGED` what it changes: the things themselves, or their unused twins
(`spare-...`). `AGAIN` puts another policy in the place of the one that goes, and says which transform empties that one:
one that the program registers before the guards, after them, or the policy's own.
"""

import json
import os

import pulumi
import pulumi_aws as aws

import guards
from guards import unanswered

unanswered.PATIENCE = 1.0  # the tests' time
again = os.environ.get("AGAIN", "")


def emptied(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """A transform that takes the rights out of the other policy."""
    if args.name != "again":
        return None
    return pulumi.ResourceTransformResult({**args.props, "policy": statement("s3:PutObject", "*")}, args.opts)


if again == "before":
    pulumi.runtime.register_resource_transform(emptied)
guards.install()
if again == "after":
    pulumi.runtime.register_resource_transform(emptied)

gone = set(os.environ.get("GONE", "").split(","))
changed = set(os.environ.get("CHANGED", "").split(","))


def statement(action: str, resource: str, **more: object) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}
    )


for which in ("", "spare-"):

    def there(name: str, which: str = which) -> bool:
        return which + name not in gone

    def is_changed(name: str, which: str = which) -> bool:
        return which + name in changed

    if there("key"):
        key = aws.kms.Key(f"{which}key", is_enabled=not is_changed("key"))
        pulumi.export(f"{which}key", key.arn)
        if there("alias"):
            aws.kms.Alias(f"{which}alias", name=f"alias/{which}house", target_key_id=key.key_id)
    bucket = aws.s3.Bucket(f"{which}bucket", bucket=f"{which}house-models")
    if there("object"):
        aws.s3.BucketObjectv2(
            f"{which}object",
            bucket=bucket.bucket,
            key="model.tar.gz",
            content="another" if is_changed("object") else "model",
        )
    if there("role"):
        trusted = "lambda" if is_changed("role") else "sagemaker"
        trust = {"Effect": "Allow", "Principal": {"Service": f"{trusted}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = aws.iam.Role(
            f"{which}role",
            name=f"{which}house-role",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        pulumi.export(f"{which}role", role.arn)
        if there("policy"):
            action = "s3:PutObject" if is_changed("policy") else "s3:GetObject"
            aws.iam.RolePolicy(
                f"{which}policy",
                name="read",
                role=role.name,
                policy=statement(action, f"arn:aws:s3:::{which}house-models/*"),
            )
        if again and not which:
            read = statement("s3:GetObject", "arn:aws:s3:::house-models/*")
            own = pulumi.ResourceOptions(transforms=[emptied] if again == "own" else None)
            aws.iam.RolePolicy("again", name="again", role=role.name, policy=read, opts=own)
    if there("repository"):
        aws.ecr.Repository(f"{which}repository", name=f"{which}house-serving")
    block = "10.1" if is_changed("vpc") else "10.0"
    first = pulumi.ResourceOptions(delete_before_replace=True)
    vpc = aws.ec2.Vpc(f"{which}vpc", cidr_block=f"{block}.0.0/16", opts=first)
    if there("subnet"):
        subnet = aws.ec2.Subnet(f"{which}subnet", vpc_id=vpc.id, cidr_block=f"{block}.1.0/24")
        pulumi.export(f"{which}subnet", subnet.id)
    if there("group"):
        group = aws.ec2.SecurityGroup(f"{which}group", vpc_id=vpc.id, description="serving")
        pulumi.export(f"{which}group", group.id)
    if is_changed("bucket"):
        denial = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{which}house-models/*",
        }
        aws.s3.BucketPolicy(
            f"{which}bucket", bucket=bucket.bucket, policy=json.dumps({"Version": "2012-10-17", "Statement": [denial]})
        )
