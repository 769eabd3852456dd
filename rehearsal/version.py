"""The rehearsal's version: that of the Pulumi whose protocols it speaks, marked as a rehearsal."""

PROTOCOL_VERSION = "3.272.0"
ENGINE_VERSION = f"v{PROTOCOL_VERSION}+rehearsal"
