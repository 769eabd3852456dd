"""What the pack `holdfast-container-access` weighs, and how much."""

from __future__ import annotations

from typing import Final

NAME: Final = "holdfast-container-access"
DESCRIPTION: Final = "Nobody has a shell in the containers of a production endpoint, nor of any endpoint for ever."
LEVELS: Final = {
    "production-variants-have-no-ssm-access": "mandatory",
    "ssm-access-has-an-end-date": "mandatory",
}
