"""The gateway's plugin of classes and cases, with a stand-in for LiteLLM: class, case, lane."""

import asyncio
import json
import sys
import types
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from planner.export.bundle_folder import write_bundle_folder
from planner.export.cells.cells_bundle import build_cells_bundle
from tests.support.plans.cells_plans import day_source


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Path(tmp_path_factory.mktemp("plugin"))
    made = build_cells_bundle(day_source(place), date(2026, 11, 1), ["litellm"])
    write_bundle_folder(made, place / "bundle")
    return place / "bundle"


@pytest.fixture
def plugin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the bundle, imported anew beside its policy."""
    stand_in = types.ModuleType("litellm.integrations.custom_logger")
    stand_in.CustomLogger = object  # type: ignore[attr-defined]
    for name in ("litellm", "litellm.integrations"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "litellm.integrations.custom_logger", stand_in)
    monkeypatch.syspath_prepend(str(folder))
    for name in ("router", "cell_price_plugin"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import cell_price_plugin

    yield cell_price_plugin
    (folder / "case.now").unlink(missing_ok=True)
    (folder / "clock.csv").write_text("from,case\n", encoding="utf-8")
    for name in ("router", "cell_price_plugin"):
        sys.modules.pop(name, None)


def ask(hook: Any, key: Any = None, **more: Any) -> str:
    data = {"model": "fleet", "messages": [{"role": "user", "content": "b1"}], **more}
    return str(asyncio.run(hook.async_pre_call_hook(key, None, data, "completion"))["model"])


def header(name: str) -> dict[str, Any]:
    return {"proxy_server_request": {"headers": {"X-Request-Class": name}}}


def test_the_class_is_the_key_s_then_the_header_s_then_its_own(plugin: Any) -> None:
    hook = plugin.proxy_hook
    key = types.SimpleNamespace(metadata={"request_class": "batch"})
    assert ask(hook).startswith("chat.")
    assert ask(hook, **header("batch")).startswith("batch.")
    assert ask(hook, metadata={"request_class": "batch"}).startswith("batch.")
    assert ask(hook, key, **header("chat")).startswith("batch.")
    assert ask(hook, **header("unheard of")).startswith("chat.")
    other = {"model": "NO", "messages": []}
    assert asyncio.run(hook.async_pre_call_hook(None, None, dict(other), "x")) == other


def test_the_case_is_by_file_clock_or_environment(plugin: Any, folder: Path) -> None:
    now = [0]
    case_now = plugin.CaseNow(folder, "night", lambda: now[0])
    hook = plugin.CellPrice(plugin.proxy_hook.router, None, case_now)

    def served() -> tuple[str, int | None]:
        hook.use_case_now()
        return hook.router.case, hook.router.loss

    assert served() == ("night", None)
    (folder / "clock.csv").write_text("# note\nfrom,case\n07:30,day\n22:00,night\n")
    case_now._read.clear()
    times = {"00:00": "night", "07:30": "day", "21:59": "day", "22:00": "night"}
    for clock, case in times.items():
        now[0] = 60 * int(clock[:2]) + int(clock[3:])
        assert served() == (case, None)
    (folder / "case.now").write_text("node-lost 1\n")
    assert served() == ("node-lost", 1)
    (folder / "case.now").write_text("noon")
    case_now._read.clear()
    assert served() == ("node-lost", 1)


def test_scores_by_class_choose_and_counts_correct(plugin: Any, folder: Path) -> None:
    policy = json.loads((folder / "router_policy.json").read_text(encoding="utf-8"))
    (folder / "b.csv").write_text("prompt_id,NA,NO\nb1,9,0\nb2,0,9\n")
    predictor = plugin.predictor_of({"SCORES_TABLES": f"batch={folder / 'b.csv'}"})
    time = [0.0]
    case_now = plugin.CaseNow(folder, "day", lambda: 0)
    router = plugin.CellRouter(policy)
    hook = plugin.CellPrice(router, predictor, case_now, correct=60.0, clock=lambda: time[0])
    assert hook.group_of("batch", "", "b1").startswith("batch.na")
    assert hook.group_of("batch", "", "b2").startswith("batch.no")
    # Without scores: the planned fractions.
    assert hook.group_of("chat", "", "b1").startswith("chat.")
    for _ in range(300):
        hook.group_of("batch", "", "b1")
    assert not any(router.router("batch").corrections.values())
    time[0] = 61.0
    hook.group_of("batch", "", "b1")
    corrections = router.router("batch").corrections
    assert corrections["NA"] > 0 > corrections["NO"]


def test_a_class_that_the_setup_does_not_route_goes_to_any_server(plugin: Any) -> None:
    class Nothing:
        classes, default_class, case, loss = ("chat",), "chat", "day", None
        cases = ("day",)

        def choose(self, *_: Any) -> None:
            raise LookupError("no requests of this class")

    case_now = plugin.CaseNow(Path("/nowhere"), "", lambda: 0)
    assert plugin.CellPrice(Nothing(), None, case_now).group_of(None, "", "x") == "fleet"
