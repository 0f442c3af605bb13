"""The pytest plugin, in tests of its users."""
