"""Predictions (placeholder until the next commit)."""
from __future__ import annotations
from typing import Any
from rehearsal.account.errors import Refusal

class Serving:
    def __init__(self, inference: Any, directory: Any) -> None:
        self.inference = inference
    def target(self, call: Any) -> Any:
        raise Refusal("NotImplemented", "predictions are not emulated yet", 501)
    def predict(self, target: Any, call: Any) -> Any:
        raise NotImplementedError
    def close(self) -> None:
        pass
