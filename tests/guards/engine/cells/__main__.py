"""Every cell of the guards' table as a resource, and its twin; `CHANGE=yes` makes the changes that are to be judged.

`WORLD` is what boto3 has made before (cells.py). `OFF=yes` switches the guards off the only way that there is:
their findings are thrown away before anybody hears of them. No part of Holdfast can do that.
"""

import json
import os

import pulumi
from cells import cells

import guards
from guards.report import Report

if os.environ.get("OFF"):
    Report.give = lambda self, finding: None  # type: ignore[method-assign]

guards.install()

world = json.loads(os.environ["WORLD"])
ids = {}
for cell in cells(world):
    for name, resource in cell.resources():
        inputs = resource.after if os.environ.get("CHANGE") and not name.endswith("-spare") else resource.before
        if inputs is not None:
            options = pulumi.ResourceOptions(retain_on_delete=False)
            made = pulumi.CustomResource(cell.token, name, dict(inputs), options)
            ids[name] = made.id
pulumi.export("ids", ids)
