"""What an interface endpoint in a VPC is there for, where its maker says so: a tag, and the words it may have.

Without the tag an interface endpoint counts for every container of its VPC: what they call can't be known.
"""

SERVES_TAG = "holdfast:serves"

SESSIONS = "sessions"
"""For sessions alone: when the access ends, it can go."""

REGISTRIES = "registries"
"""For the functions that open private registries: while a model of its VPC has one, it stays."""
