"""What the pack `holdfast` weighs: all rules, as the packs of each concern do. One process instead of several."""

from __future__ import annotations

from typing import Final

from policies.container_access import pack as container_access
from policies.endpoint_integrity import pack as endpoint_integrity

NAME: Final = "holdfast"
DESCRIPTION: Final = "All rules of Holdfast in one process, for pipelines."
LEVELS: Final = {**endpoint_integrity.LEVELS, **container_access.LEVELS}
