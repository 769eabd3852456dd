import pulumi
from parity_sdk import Thing, env, options

provider = pulumi.ProviderResource("parity", "mine", {"region": env("REGION", "here")})
a = Thing("a", value="1", opts=options(provider=provider))
Thing("b", value=a.arn)
