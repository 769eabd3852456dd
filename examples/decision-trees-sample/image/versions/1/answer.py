"""How version 1 of the image answers: with the label."""

from typing import Any

VERSION = "1"


def line(prediction: dict[str, Any]) -> str:
    """A line of text/csv."""
    return str(prediction["label"])


def item(prediction: dict[str, Any]) -> dict[str, Any]:
    """An item of the JSON list `predictions`."""
    return {"label": prediction["label"]}
