from tests.support.scene import open_scene, scene, simulator

__all__ = ["open_scene", "scene", "simulator"]
