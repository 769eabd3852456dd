"""How version 2 of the image answers: with the label and how probable it is."""

from typing import Any

VERSION = "2"


def line(prediction: dict[str, Any]) -> str:
    """A line of text/csv: label, probability of that label."""
    return f"{prediction['label']},{prediction['probabilities'][prediction['label']]:.4f}"


def item(prediction: dict[str, Any]) -> dict[str, Any]:
    """An item of the JSON list `predictions`."""
    return {"label": prediction["label"], "probabilities": prediction["probabilities"]}
