"""The small scenario and the template of a workbook that these tests change."""

from tests.support.scenario_case import case
from tests.support.workbook_case import book

__all__ = ["book", "case"]
