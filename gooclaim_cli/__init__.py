"""`gooclaim`: receive, verify, forward and inspect Gooclaim webhooks on your own machine."""

__version__ = "0.1.0"
