"""A slow machine is no fault: properties have no deadline."""

from hypothesis import settings

settings.register_profile("hooks", deadline=None)
settings.load_profile("hooks")
