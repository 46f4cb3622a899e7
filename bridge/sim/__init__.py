"""The Enom simulator: stateful, seeded, in memory, on loopback only. An island: it imports nothing
of the bridge.

If simulator and client shared an encoder, a shared mistake would pass every test.
"""

from .simulator import Simulator

__all__ = ["Simulator"]
