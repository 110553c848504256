"""The command `profile derate`: curves measured beside idle neighbours -> beside busy ones."""

from dataclasses import dataclass
from pathlib import Path

from models.serving.gpu_sharing import MOST_LOST_PCT
from planner.cli.terminal.frame import framed_command, framed_table_write, notify, warn
from planner.errors import DataError
from planner.profiling.derate import Derated, derate_table
from profiles.curves import load_curves
from profiles.io.faults import Fault
from profiles.io.writing import check_writable

__all__ = ["DerateOptions", "run_profile_derate"]


@dataclass(frozen=True, kw_only=True)
class DerateOptions:
    """Options of the command; unknown: curves whose neighbours are not known are derated too."""

    sharing_loss_pct: float
    unknown: bool = False
    out: str = "-"
    quiet: bool = False


@framed_command
def run_profile_derate(profiles: Path, options: DerateOptions) -> int:
    """Derate, write and report; the exit code: 0, or 2 for bad input."""
    if options.out != "-":
        check_writable(Path(options.out), "--out")
    if not 0 <= options.sharing_loss_pct <= MOST_LOST_PCT:
        fix = f"write 0 to {MOST_LOST_PCT:g}, in per cent of the GPU"
        value = f"{options.sharing_loss_pct:g}"
        raise DataError([Fault("--sharing-loss", "", value, "this value is not possible", fix)])
    table = load_curves(profiles)
    notify(table.notices, quiet=options.quiet)
    derated = derate_table(table, options.sharing_loss_pct / 100, unknown=options.unknown)
    if code := framed_table_write(derated.frame, options.out):
        return code
    if not options.quiet:
        warn(_profile_derate_lines(derated, options))
    return 0


def _profile_derate_lines(derated: Derated, options: DerateOptions) -> list[str]:
    where = "" if options.out == "-" else f", written to {options.out}"
    if not derated.changed:
        lacking = "" if options.unknown else "; --unknown takes those too that do not say"
        return [f"No curve of a share says that its neighbours were idle{lacking}{where}."]
    held = (
        f"{derated.lifted} of them held against the whole GPU's curve"
        if derated.lifted
        else "the table has no whole GPU's curve to hold them against"
    )
    return [
        f"{derated.changed} curve{'s' if derated.changed > 1 else ''} derated for busy neighbours,"
        f" {held}{where}."
    ]
