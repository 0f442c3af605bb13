"""Gooclaim's API as a tenant uses it: tokens, the webhook's configuration, our registration."""
