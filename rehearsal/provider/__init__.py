"""The provider plug-in for package `aws`: pulumi-aws's types and properties, carried out on an emulated account.

It speaks Pulumi's ResourceProvider protocol, so the embedded engine and the Pulumi CLI start or attach it alike.
docs/provider.md says what it has, what it imitates of pulumi-aws and what it lacks.
"""
