"""Guards: what an endpoint uses stays. `guards.install()` puts them on every guarded resource of a Pulumi program.

Public: `install`, `exemptions_in_force`; `guards.live.read_account` for the live usage graph.
"""

from guards.install import exemptions_in_force, install

__all__ = ["exemptions_in_force", "install"]
