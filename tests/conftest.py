"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# How fast a machine makes up examples, while others use it, says nothing about what is tested.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
