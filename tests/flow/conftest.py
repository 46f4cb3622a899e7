from tests.support.scene import clock, open_scene, scene, simulated_clock, simulator

__all__ = ["clock", "open_scene", "scene", "simulated_clock", "simulator"]
