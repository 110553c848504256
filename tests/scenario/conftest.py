"""The small scenario that these tests change."""

from tests.support.scenario_case import case

__all__ = ["case"]
