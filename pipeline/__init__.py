"""
How it is rolled: the `holdfast` command, which drives a Pulumi engine, whichever it is, through the Automation API.

Preview, gate, up, verify, report: one way for the embedded engine, for the Pulumi CLI with the emulated account and for
the Pulumi CLI with AWS. Knows every other room; no other room knows this one.
"""
