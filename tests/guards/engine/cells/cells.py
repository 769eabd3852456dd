"""The cells of the guards' table: what is done to which thing, which guard refuses it, and the twin that passes.

Read by the program (which has no other knowledge of them) and by the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cells_of_elsewhere import elsewhere
from cells_of_narrowings import narrowings
from cells_of_networks import networks
from cells_of_packages import packages
from cells_of_resource_policies import resource_policies
from cells_of_rights import rights
from cells_of_things import things

if TYPE_CHECKING:
    from cell import Cell


def cells(world: dict[str, Any]) -> list[Cell]:
    """All of them."""
    kinds = (things, rights, resource_policies, networks, narrowings, packages, elsewhere)
    return [cell for kind in kinds for cell in kind(world)]
