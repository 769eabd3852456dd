"""Serve the pack `holdfast`. Pulumi starts this file; nothing imports it, for it never returns."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a pack sees only its own folder

from policies.everything.pack import DESCRIPTION, LEVELS, NAME
from policies.serving import serve

serve(NAME, DESCRIPTION, LEVELS)
