"""The command `export`: a plan -> a folder with what starts its servers and what routes requests
among them.
"""

from pathlib import Path

from planner.cli.terminal.command_options import ExportOptions
from planner.cli.terminal.frame import framed_command, framed_write, notify, warn
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import output_line, plain_output_console
from planner.cli.terminal.plan_input import load_any_plan_input
from planner.cli.terminal.progress import with_progress
from planner.export.bundle import Bundle, build_bundle, needs_prices, parse_bundle_kinds
from planner.export.bundle_folder import check_new_bundle_folder, write_bundle_folder
from planner.export.cells.cells_bundle import build_cells_bundle
from planner.export.source_date import source_time
from planner.operation.price_table import PriceTable, build_price_table
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from profiles.plugins.entry_points import load_plugins
from profiles.plugins.own_entry_points import PluginGroup

__all__ = ["run_export"]


@framed_command
def run_export(plan: Path, options: ExportOptions, interrupt: Interrupt) -> int:
    """Write the bundle and list it; return the exit code.

    Nothing is overwritten: the folder is new or empty.
    """
    notify(load_plugins(PluginGroup.EXPORTERS).notices, quiet=options.quiet)
    kinds = None if options.only is None else parse_bundle_kinds(options.only)
    on = source_time().date()
    check_new_bundle_folder(options.to)
    source = load_any_plan_input(plan, options.scenario)
    if isinstance(source, CellsPlanAndScenario):
        made = build_cells_bundle(source, on, kinds)
    else:
        # All that can be refused is refused before prices are computed.
        build_bundle(source, on, kinds)
        prices = _export_prices(source, kinds, interrupt, quiet=options.quiet)
        made = build_bundle(source, on, kinds, prices)
    code = framed_write(options.to, lambda: write_bundle_folder(made, options.to))
    if not code:
        _print_export(made, options)
    return code


def _export_prices(
    source: PlanAndScenario, kinds: list[str] | None, interrupt: Interrupt, *, quiet: bool
) -> PriceTable | None:
    """Compute prices over load where a router is exported."""
    if not needs_prices(kinds):
        return None
    return with_progress(
        lambda progress, cancel: build_price_table(source, progress=progress, cancel=cancel),
        interrupt,
        show=not quiet,
    )


def _print_export(made: Bundle, options: ExportOptions) -> None:
    """Print what was written, what was left out and what is to be set."""
    warn([f"Not exported: {line}" for line in made.left_out_lines])
    warn([f"To do: {caution}" for caution in made.to_do])
    console = plain_output_console()
    output_line(console, f"{len(made.files)} files written to {options.to}; begin with README.md")
    if not options.quiet:
        for name in sorted(made.files):
            output_line(console, f"  {name}")
