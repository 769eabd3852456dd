"""Every cell of the guards' table as a resource, and its twin; `CHANGE` says which changes are made.

`WORLD` is what boto3 has made before (cells.py). `OFF=yes` switches the guards off the only way that there is:
nobody judges what the hooks are asked. No part of Holdfast can do that.
"""

import json
import os

import pulumi
from cells import cells

import guards
from guards import dispatch, unanswered

if os.environ.get("OFF"):
    dispatch.judge = lambda *_: None

unanswered.PATIENCE = 1.0  # the tests' time
guards.install(regions=["eu-west-1"])

world = json.loads(os.environ["WORLD"])
asked = os.environ.get("CHANGE", "")
ids = {}
for cell in cells(world):
    for name, resource in cell.resources():
        if os.environ.get("OFF") and name.endswith(("-twin", "-spare")):
            continue
        changed = cell.is_changed(asked) and not name.endswith("-spare")
        inputs = resource.after if changed else resource.before
        if inputs is not None:
            # Else a name given by hand asks for deletion first; a refusal of that ends the run (guards.unanswered).
            beside = pulumi.ResourceOptions(delete_before_replace=False)
            made = pulumi.CustomResource(cell.token, name, dict(inputs), beside)
            ids[name] = made.id
        if resource.also and changed:
            token, inputs = resource.also
            pulumi.CustomResource(token, f"{name}-also", inputs)
pulumi.export("ids", ids)
