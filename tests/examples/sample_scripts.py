"""The sample's scripts, imported by path."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

SAMPLE = Path(__file__).parents[2] / "examples" / "decision-trees-sample"


def load(name: str) -> ModuleType:
    """A script of the sample, imported by its path; scripts beside it are found by it under their plain names."""
    if str(SAMPLE) not in sys.path:
        sys.path.insert(0, str(SAMPLE))
    specification = importlib.util.spec_from_file_location(name, SAMPLE / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module
