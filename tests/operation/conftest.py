"""The plan whose router these tests put on other prompts."""

from tests.support.routed_plan import source

__all__ = ["source"]
