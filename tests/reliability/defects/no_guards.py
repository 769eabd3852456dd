"""Defect: nobody guards anything."""

import guards

guards.install = lambda **_: None
