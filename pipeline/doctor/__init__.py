"""`holdfast doctor`: which endpoints of an account AWS can no longer patch or heal, and why; a registry of checks.

Place: between the live usage graph (`guards.live`) and the command. A capability adds a check: one file in `checks/`.
"""
