"""Defect: an update that came back on the old configuration counts as done, and deletions are judged by the plan.

An update that isn't verified is no danger by itself, because deletions are judged by what is live when they come: two
things must fail before an endpoint loses its configuration. Here both do.
"""

import guards
from guards import judge
from guards.usage import UsageGraph

_install = guards.install
guards.install = lambda **given: _install(**{**given, "verify": False})
judge.Judge.live = lambda _: UsageGraph()
