"""Defect: the guards know the plan alone; nobody asks the account what other stacks' endpoints use."""

from guards import judge
from guards.usage import UsageGraph

judge.Judge.live = lambda _: UsageGraph()
