"""The planner decides: scenario -> instance -> solution -> plan.

The names below are the Python API (docs/api.md). Each is imported when it is first used, so that
neither `import planner` nor `--help` waits for pandas and Pyomo.
"""

_MODULES = {
    "load": "planner.api.scenario",
    "LoadedScenario": "planner.api.scenario",
    "plan": "planner.api.planning",
    "PlanResult": "planner.api.plan_result",
    "CellsPlanResult": "planner.api.cells_plan_result",
    "read_plan": "planner.api.plan_source",
    "simulate": "planner.api.simulation",
    "SimulationResult": "planner.api.simulation",
    "CellsSimulationResult": "planner.api.simulation",
    "sweep": "planner.api.studies",
    "baselines": "planner.api.studies",
    "tornado": "planner.api.sensitivity",
    "thresholds": "planner.api.sensitivity",
    "diff": "planner.api.comparison",
    "DiffResult": "planner.api.comparison",
    "CellsDiffResult": "planner.api.comparison",
    "save": "planner.api.kept_work",
    "list_kept": "planner.api.kept_work",
    "read_kept": "planner.api.kept_work",
    "remove_kept": "planner.api.kept_work",
    "KeptRecord": "planner.library.kept_record",
    "DataError": "planner.errors",
    "ScenarioError": "planner.errors",
    "ProfileError": "planner.errors",
    "ScoresError": "planner.errors",
    "CatalogueError": "planner.errors",
    "LibraryError": "planner.errors",
    "SolveError": "planner.errors",
    "InfeasibleError": "planner.errors",
    "NoPlanInTimeError": "planner.errors",
    "VerificationError": "planner.errors",
}
"""Name -> the module it is imported from; `__init__.pyi` says the same to type checkers."""

__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    """Import a name of the API on its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module 'planner' has no attribute {name!r}")
    # Imported here to keep `import planner` fast.
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
