"""A static website on S3: a bucket that anybody may read, and its pages."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
bucket = aws.s3.Bucket("site", tags={"owner": config.get("owner") or "web team"})
public = aws.s3.BucketPublicAccessBlock(
    "public",
    bucket=bucket.bucket,
    block_public_acls=True,
    ignore_public_acls=True,
    block_public_policy=False,
    restrict_public_buckets=False,
)


def anybody_may_read(arn: str) -> str:
    """A policy for the bucket of that ARN."""
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{arn}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


aws.s3.BucketPolicy(
    "read",
    bucket=bucket.bucket,
    policy=bucket.arn.apply(anybody_may_read),
    opts=pulumi.ResourceOptions(depends_on=[public]),
)
pages = {"index.html": config.require("index"), "error.html": "<h1>Not here</h1>"}
for name, content in pages.items():
    aws.s3.BucketObjectv2(
        name,
        bucket=bucket.bucket,
        key=name,
        content=content,
        content_type=config.get("contentType") or "text/html",
    )
pulumi.export("bucket", bucket.bucket)
