"""
Where it is tried: an embedded engine over Pulumi's own protocols, and an emulated AWS account.

It runs any Pulumi Python program, with packs and hooks, unmodified and without the Pulumi CLI or an account. It knows
nothing of this product.
"""
