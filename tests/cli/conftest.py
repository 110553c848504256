"""The hand-made search that these tests put in the place of the joint one."""

from tests.support.stand_in_search import search

__all__ = ["search"]
