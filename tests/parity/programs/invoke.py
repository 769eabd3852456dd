import pulumi
from parity_sdk import Thing, lookup

Thing("a", value=lookup("k"))
pulumi.export("looked", lookup("z"))
