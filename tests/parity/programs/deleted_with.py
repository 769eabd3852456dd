from parity_sdk import Thing, env, options

if not env("GONE"):
    bucket = Thing("bucket", value="1")
    Thing("object", value=bucket.arn, opts=options(deleted_with=bucket))
