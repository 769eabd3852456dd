"""
Inference code of the sample's model: it travels in model.tar.gz, beside the tree that it reads.

The two functions are those that SageMaker's own framework containers call, so that the same artifact would serve there.
"""

import json
import struct
from pathlib import Path
from typing import Any


def model_fn(model_dir: str) -> dict[str, Any]:
    """The tree that lies in the artifact (`model_dir` is where SageMaker unpacked it)."""
    return json.loads((Path(model_dir) / "tree.json").read_text(encoding="utf-8"))


def predict_fn(rows: list[list[float]], model: dict[str, Any]) -> list[dict[str, Any]]:
    """
    The label of every row, and the probability of each label.

    A row is measurements in centimetres, in the order of the tree's `features`. Raises ValueError where a row hasn't
    exactly one number for each feature; it counts rows from 1.
    """
    wanted = len(model["features"])
    for number, row in enumerate(rows, start=1):
        if len(row) != wanted:
            raise ValueError(
                f"row {number} has {len(row)} values; a row is {wanted} numbers: {', '.join(model['features'])}"
            )
    return [_prediction(row, model) for row in rows]


def _prediction(row: list[float], model: dict[str, Any]) -> dict[str, Any]:
    node = model["nodes"][0]
    while "feature" in node:
        goes_left = _single_precision(row[node["feature"]]) <= node["threshold"]
        node = model["nodes"][node["left"] if goes_left else node["right"]]
    probabilities = dict(zip(model["labels"], node["probabilities"], strict=True))
    return {"label": max(probabilities, key=probabilities.__getitem__), "probabilities": probabilities}


def _single_precision(value: float) -> float:
    """The value as scikit-learn compares it with a threshold: rounded to single precision first."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
