"""The command `plan`: scenario -> instance -> solution -> plan -> report."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from models.demand.node_numbers import undecided_pools
from models.instance import Instance
from models.linear import LinearProgram
from models.quality import Quality
from planner.cells.lost_node_table import lost_nodes_of_solution
from planner.cli.commands.keep_plan import check_library_for_plan, keep_plan_in_library
from planner.cli.commands.plan_cells import (
    refuse_plan_options_with_cells,
    refuse_plan_options_with_sizing,
    refuse_price_without_cost,
    run_plan_cells,
)
from planner.cli.commands.robust_plan import plan_robust_scenario
from planner.cli.terminal.command_options import KeepOptions, ReplayOptions
from planner.cli.terminal.frame import (
    EXIT_CODES,
    NEGATIVE_VERDICT,
    framed_command,
    framed_write,
    notify,
)
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import plain_output_console
from planner.cli.terminal.plan_report import print_plan_report, print_short_plan_report
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.export.report_files import check_report_chart_folder, write_report_files
from planner.joint.solver.model_file import ENDINGS as MODEL_ENDINGS
from planner.joint.solver.model_file import write_model_file
from planner.operation.all_prompts import check_on_all_prompts, with_all_prompts
from planner.operation.near_limits import with_limits_simulated
from planner.plans.changes.running_setup import keep_running_places, running_setup
from planner.plans.changes.starting_plan import (
    ChangePrice,
    StartingPlan,
    instance_from_running,
    plan_that_runs,
    read_starting_plan,
    start_of_plan,
    starting_plan_lines,
)
from planner.plans.numbers import tidy
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan_content
from planner.plans.plan_file import plan_file_text, read_plan_file, write_plan_file
from planner.plans.record import Plan
from planner.plans.schema import PlanContent, SearchedContent
from planner.presentation.alternatives import alternatives_content
from planner.presentation.cells.lost_nodes import lost_nodes_content
from planner.presentation.marginals import marginals_content
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.sizing.rate_sizing import solve_sized_rate
from planner.solution import Solution
from planner.studies.alternatives import NEAR_LOSS, AlternativesOptions, find_alternatives
from planner.studies.marginals import marginal_values
from planner.studies.robustness import KEPT
from profiles.io.faults import Fault
from profiles.io.writing import check_writable

__all__ = ["PlanOptions", "PlanOutputs", "run_plan", "run_plan_on_scenario"]


@dataclass(frozen=True)
class PlanOutputs:
    """What is written in addition to the terminal output.

    json: file, "-" for standard output and nothing else there; xlsx: file; charts: folder; model:
    file of the last program, .mps or .lp; keep: how the plan is kept in the library.
    """

    json: str | None = None
    xlsx: str | None = None
    charts: str | None = None
    model: str | None = None
    keep: KeepOptions | None = None

    def check(self) -> None:
        """Raise DataError for what cannot be written."""
        check_library_for_plan(self.keep)
        files = {"--xlsx": self.xlsx, "--write-model": self.model}
        files["--json"] = None if self.json == "-" else self.json
        for option, path in files.items():
            if path is not None:
                check_writable(Path(path), option)
        if self.model is not None and Path(self.model).suffix.lower() not in MODEL_ENDINGS:
            problem = "--write-model cannot write this format"
            fix = f"end the name with {' or '.join(MODEL_ENDINGS)}"
            raise DataError([Fault(self.model, "", "", problem, fix)])
        if self.charts is not None:
            check_report_chart_folder(Path(self.charts))


@dataclass(frozen=True)
class PlanOptions:
    """What is computed in addition to the plan. marginals: plan again with every limit moved by a
    unit.

    near: number of alternatives; loss_pct: what they may lose of the objective; current: file of
    the plan that runs; robust_to: the bursts to be robust to, as the user wrote them;
    replays: where they are replayed;
    what_if_lost: whether the loss of any one node is looked at; start: file of the plan to start
    from, and most_changes: how many replicas may then start or stop (None: no limit); change_usd:
    USD of each GPU on which one starts, spread over change_hours (None: no price).
    """

    marginals: bool = False
    near: int = 0
    loss_pct: float = 100.0 * NEAR_LOSS
    current: str | None = None
    robust_to: str | None = None
    replays: ReplayOptions = field(default_factory=ReplayOptions)
    what_if_lost: bool = False
    start: str | None = None
    most_changes: int | None = None
    change_usd: float | None = None
    change_hours: float | None = None

    @property
    def change_price(self) -> ChangePrice | None:
        """The price of changes."""
        if self.change_usd is None or self.change_hours is None:
            return None
        return ChangePrice(self.change_usd, self.change_hours)

    def check(self) -> None:
        """Raise DataError for options that do not go together."""
        start, limited = self.start is not None, self.most_changes is not None
        priced = self.change_usd is not None
        together = {
            ("--current", "--from"): self.current is not None and start,
            ("--robust-to", "--from"): self.robust_to is not None and start,
            ("--near", "--most-changes"): self.near > 0 and limited,
            ("--near", "--change-usd"): self.near > 0 and priced,
        }
        faults = [
            Fault(one, "", "", f"does not go with {other}", "leave out one of the two")
            for (one, other), both in together.items()
            if both
        ]
        if limited and not start:
            problem = "a limit of changes needs the plan that runs"
            faults.append(Fault("--most-changes", "", "", problem, "name it with --from PLAN"))
        if self.robust_to is None and self.replays != ReplayOptions():
            problem = "only the replays of --robust-to are spread"
            fix = "give --robust-to too, or leave --jobs, --dask and --ray out"
            faults.append(Fault("--jobs, --dask, --ray", "", "", problem, fix))
        faults += self._price_faults()
        if faults:
            raise DataError(faults)

    def _price_faults(self) -> Iterator[Fault]:
        """What is wrong with a price of changes."""
        usd, hours = self.change_usd, self.change_hours
        if usd is None:
            if hours is not None:
                problem = "hours over which no price is spread"
                fix = "give the price with --change-usd USD"
                yield Fault("--change-hours", "", str(hours), problem, fix)
            return
        if self.start is None:
            problem = "a price of changes needs the plan that runs"
            yield Fault("--change-usd", "", str(usd), problem, "name it with --from PLAN")
        if not (math.isfinite(usd) and usd >= 0):
            problem = "not a price in USD"
            yield Fault("--change-usd", "", str(usd), problem, "give 0 or more, e.g. 0.5")
        if hours is None:
            problem = "what a change costs once counts only over the hours that it is spread over"
            fix = "say them with --change-hours HOURS, e.g. until the next plan"
            yield Fault("--change-usd", "", str(usd), problem, fix)
        elif not (math.isfinite(hours) and hours > 0):
            problem = "not a number of hours"
            yield Fault("--change-hours", "", str(hours), problem, "give more than 0, e.g. 24")


@framed_command
def run_plan(
    scenario: Path,
    overrides: Sequence[str],
    outputs: PlanOutputs,
    interrupt: Interrupt,
    options: PlanOptions | None = None,
    *,
    quiet: bool,
) -> int:
    """Plan, write and report; return the exit code.

    Raises VerificationError (a bug) when the plan fails its check.
    """
    outputs.check()
    start, options = time.perf_counter(), options or PlanOptions()
    options.check()
    loaded = assemble_instance(scenario, overrides, cells=True, sizing=True)
    if undecided_pools(loaded.instance):
        refuse_plan_options_with_sizing(scenario, _options_without_sizing(options))
    if loaded.demand is not None:
        refuse_plan_options_with_cells(scenario, _options_without_cells(outputs, options))
        notify([*loaded.notices, *loaded.instance.warnings], quiet=quiet)
        seconds = time.perf_counter() - start
        return run_plan_cells(
            loaded,
            interrupt,
            outputs,
            seconds,
            options,
            quiet=quiet,
        )
    programs: list[LinearProgram] = []
    on_program = None if outputs.model is None else programs.append
    source = run_plan_on_scenario(
        loaded, overrides, interrupt, options, quiet=quiet, on_program=on_program, began=start
    )
    code = max(EXIT_CODES[source.plan.status], _output_plan(source, outputs, programs, quiet=quiet))
    robustness = source.plan.content["context"].get("robustness")
    if robustness is None or robustness["kept_pct"] >= 100.0 * KEPT or code != 0:
        return code
    return NEGATIVE_VERDICT if robustness["complete"] else EXIT_CODES["feasible"]


def _options_without_sizing(options: PlanOptions) -> dict[str, bool]:
    """The options that do not go with numbers of nodes to be decided, and whether they are
    given.
    """
    return {
        "--marginals": options.marginals,
        "--near": options.near > 0,
        "--robust-to": options.robust_to is not None,
        "--from": options.start is not None,
    }


def _options_without_cells(outputs: PlanOutputs, options: PlanOptions) -> dict[str, bool]:
    """The options that a plan over cells does not know yet, and whether they are given."""
    return {
        "--write-model": outputs.model is not None,
        "--marginals": options.marginals,
        "--near": options.near > 0,
        "--current": options.current is not None,
        "--robust-to": options.robust_to is not None,
    }


def run_plan_on_scenario(
    scenario: Path | LoadResult,
    overrides: Sequence[str],
    interrupt: Interrupt,
    options: PlanOptions | None = None,
    *,
    quiet: bool,
    on_program: Callable[[LinearProgram], None] | None = None,
    began: float | None = None,
) -> PlanAndScenario:
    """Make the plan of a scenario, of its file or loaded; notices and progress go to standard
    error.

    on_program: takes the last mixed-integer program of the search. began: when loading began, of
    time.perf_counter.

    DataError for bad input, VerificationError for a bug.
    """
    start = time.perf_counter() if began is None else began
    options = options or PlanOptions()
    begin, current = _plans_that_run(options)
    loaded = scenario
    if isinstance(loaded, Path):
        loaded = assemble_instance(loaded, overrides)
    seconds = time.perf_counter() - start
    notify([*loaded.notices, *loaded.instance.warnings], quiet=quiet)
    instance = loaded.instance
    refuse_price_without_cost(loaded, options)
    notify(starting_plan_lines(instance, begin), quiet=quiet)
    settings = replace(loaded.settings, keep_program=on_program is not None)
    # Cuts of the first search serve the searches for alternatives, and say what of the plan holds
    # on all prompts where some stand for them.
    quality = _quality_to_keep(instance, options)
    robust = None
    if options.robust_to is not None:
        robust = plan_robust_scenario(
            loaded,
            overrides,
            settings,
            (options.robust_to, options.replays),
            interrupt,
            quiet=quiet,
        )
    if robust is not None:
        loaded, solution, robustness = robust
        instance, quality = loaded.instance, None
        asked = instance
    else:
        # Only searches know what runs: the plan is one of the scenario.
        asked = instance_from_running(instance, begin)
        decided, solution = with_progress(
            lambda progress, cancel: solve_sized_rate(
                asked, settings, progress=progress, cancel=cancel, quality=quality
            ),
            interrupt,
            show=not quiet,
        )
        instance = replace(decided, running=None)
        loaded = replace(loaded, instance=instance)
    if on_program is not None and solution.program is not None:
        on_program(solution.program)
    running = None if current is None else running_setup(instance, current)
    if running is not None and solution.has_plan:
        solution = keep_running_places(instance, solution, running)
    plan = build_plan_content(
        loaded, solution, settings, {"load": seconds}, partial(start_of_plan, start=begin)
    )
    plan = with_limits_simulated(plan, loaded, interrupt.cancel)
    plan = _held_against_all_prompts(plan, (instance, solution, quality), interrupt, quiet=quiet)
    if robust is not None:
        plan = plan.with_robustness(robustness)
    if options.what_if_lost and solution.has_plan and not interrupt.cancel.is_set():
        lost = lost_nodes_of_solution(instance, solution, settings, interrupt.cancel)
        names = [pool.name for pool in instance.pools]
        plan = plan.with_lost_nodes(lost_nodes_content(lost, names, None))
    if options.marginals and solution.has_plan and not interrupt.cancel.is_set():
        moved = with_progress(
            lambda progress, cancel: marginal_values(
                asked, solution, settings, progress=progress, cancel=cancel
            ),
            interrupt,
            show=not quiet,
        )
        plan = plan.with_marginals(marginals_content(moved))
    if options.near and solution.has_plan and not interrupt.cancel.is_set():
        others = with_progress(
            lambda progress, cancel: find_alternatives(
                instance,
                solution,
                settings,
                AlternativesOptions(options.near, options.loss_pct / 100.0, running),
                quality=quality,
                progress=progress,
                cancel=cancel,
            ),
            interrupt,
            show=not quiet,
        )
        searched: SearchedContent = {
            "number": options.near,
            "loss_pct": tidy(options.loss_pct),
            "current": options.current or options.start,
        }
        plan = plan.with_alternatives(
            alternatives_content(
                instance, plan.content, others, searched, current, settings.rel_gap
            )
        )
    return PlanAndScenario(plan, loaded)


def _quality_to_keep(instance: Instance, options: PlanOptions) -> Quality | None:
    """The quality whose cuts are of use after the first search; None where none are."""
    if options.near > 0 or instance.scores.whole is not None:
        return Quality(instance.scores)
    return None


def _held_against_all_prompts(
    plan: Plan,
    solved: tuple[Instance, Solution, Quality | None],
    interrupt: Interrupt,
    *,
    quiet: bool,
) -> Plan:
    """The plan with what of it holds on all prompts, where some stood for them in the search."""
    instance, solution, quality = solved
    if instance.scores.whole is None or quality is None or not solution.has_plan:
        return plan
    held = with_progress(
        lambda progress, cancel: check_on_all_prompts(
            instance, solution, quality, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not quiet,
    )
    return with_all_prompts(plan, instance, held)


def _plans_that_run(options: PlanOptions) -> tuple[StartingPlan | None, PlanContent | None]:
    """The plan to start from, and the one on whose GPUs replicas stay, which is the same one where
    there is one to start from; none where changes have a price, by which the search places them.
    """
    if options.start is not None:
        begin = read_starting_plan(options.start, options.most_changes, options.change_price)
        return begin, None if options.change_usd else begin.content
    if options.current is not None:
        return None, plan_that_runs(read_plan_file(options.current), options.current)
    return None, None


def _output_plan(
    source: PlanAndScenario,
    outputs: PlanOutputs,
    programs: Sequence[LinearProgram],
    *,
    quiet: bool,
) -> int:
    """Write and print; 0, or BAD_INPUT when a file could not be written after all (the report still
    comes).

    programs: the one to write, with --write-model.
    """
    plan, json, code = source.plan, outputs.json, 0
    written: dict[str, str] = {}
    if json is not None and json != "-":
        code = framed_write(json, lambda: write_plan_file(plan, json))
        written |= {} if code else {"plan.json": json}
    if outputs.xlsx or outputs.charts:
        where = outputs.xlsx or outputs.charts
        code = max(
            code,
            framed_write(
                where,
                lambda: written.update(write_report_files(source, outputs.xlsx, outputs.charts)),
            ),
        )
    for program in programs:
        model = str(outputs.model)
        failed = framed_write(model, partial(write_model_file, program, Path(model)))
        code, written = max(code, failed), written | ({} if failed else {"model": model})
    failed, kept = keep_plan_in_library(plan.content, source.loaded, outputs)
    code, written = max(code, failed), written | kept
    if outputs.json == "-":
        sys.stdout.write(plan_file_text(plan.content))
    elif quiet:
        print_short_plan_report(plan, plain_output_console())
    else:
        print_plan_report(plan, plain_output_console(), written)
    return code
