"""Firing deliveries at a handler on purpose, whole or broken, and judging what it answers.

`shots` are what is to be sent, pure values; `faults` breaks them; `range` sends them.
"""
