"""What a plug-in is written with: the protocols of the three groups of entry points, and the
records that pass through them. docs/plugins.md says how.
"""

from planner.export.exporter_protocol import ExportedPlan, PlanExporter
from profiles.importers.formats.importer_protocol import BenchmarkFormat, BenchmarkImporter
from profiles.importers.formats.record import Run
from profiles.io.faults import Fault
from profiles.io.yaml_text import yaml_text
from profiles.score_importers.grades import Grade
from profiles.score_importers.scorer_protocol import (
    GradeFileFormat,
    GradeImporter,
    ImportChoices,
    every_file_is_a_run,
)

__all__ = [
    "BenchmarkFormat",
    "BenchmarkImporter",
    "ExportedPlan",
    "Fault",
    "Grade",
    "GradeFileFormat",
    "GradeImporter",
    "ImportChoices",
    "PlanExporter",
    "Run",
    "every_file_is_a_run",
    "yaml_text",
]
