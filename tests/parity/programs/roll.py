import pulumi
from parity_sdk import Thing, env, options

image = env("IMAGE", "1")
model = Thing("model", opts=options(delete_before_replace=False), auto=True, r_image=image)
config = Thing("config", opts=options(delete_before_replace=False), auto=True, r_model=model.name)
endpoint = Thing("endpoint", value=config.name)
pulumi.export("endpoint", endpoint.arn)
