"""The rehearsal's version: that of the Pulumi whose protocols it speaks, marked as a rehearsal."""

ENGINE_VERSION = "v3.272.0+rehearsal"
