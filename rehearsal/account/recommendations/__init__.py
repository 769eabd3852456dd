"""Inference Recommender in the emulated account: jobs, the network they need and use up, and simulated performance."""
