"""LiteLLM's plugin by itself, without LiteLLM: which LLM it names, and how it follows the load."""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from models import router as library
from planner.export.bundle import build_bundle
from planner.export.bundle_folder import write_bundle_folder
from planner.operation.price_table import build_price_table
from tests.support.plans import export_cases
from tests.support.plans.export_cases import ON


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with prices over load and a table of scores."""
    found, source = tmp_path_factory.mktemp("bundle"), export_cases.shared()
    write_bundle_folder(build_bundle(source, ON, ["litellm"], build_price_table(source)), found)
    rows = (source.loaded.scenario.path.parent / "scores.csv").read_text(encoding="utf-8")
    (found / "scores.csv").write_text(rows, encoding="utf-8")
    return found


@pytest.fixture
def plugin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bundle's module, LiteLLM's base class in its place."""
    base = ModuleType("litellm.integrations.custom_logger")
    base.CustomLogger = type("CustomLogger", (), {})  # type: ignore[attr-defined]
    for name in ("litellm", "litellm.integrations"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, base.__name__, base)
    monkeypatch.setitem(sys.modules, "router", library)
    for name in (
        *("SCORES_TABLE", "SCORE_PREDICTOR", "PLAN_WORKERS"),
        *("PLAN_CORRECT_SECONDS", "PLAN_FOLLOW_SECONDS"),
    ):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location(
        "dual_price_plugin", folder / "dual_price_plugin.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ended(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a separate thread: in this one a browser's loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def hook(plugin: Any, one: Any, data: dict[str, Any]) -> str:
    return str(ended(one.async_pre_call_hook(None, None, data, "completion"))["model"])


def asks(prompt_id: str | None, text: Any = "hello") -> dict[str, Any]:
    metadata = {} if prompt_id is None else {"metadata": {"prompt_id": prompt_id}}
    return {"model": "fleet", "messages": [{"role": "user", "content": text}], **metadata}


def test_without_scores_the_weights_decide(plugin: Any) -> None:
    assert hook(plugin, plugin.proxy_hook, asks("p0")) == "fleet"


def test_a_prompt_goes_where_the_library_sends_it(
    plugin: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORES_TABLE", str(folder / "scores.csv"))
    one = plugin.DualPrice.from_environment()
    router, table = (
        library.Router.load(folder / "router_policy.json"),
        plugin.ScoresTable(folder / "scores.csv"),
    )
    chosen = {f"p{k}": hook(plugin, one, asks(f"p{k}")) for k in range(0, 400, 7)}
    assert chosen == {name: router.choose(table.scores("", name), name) for name in chosen}
    assert set(chosen.values()) == {"small", "large"}
    assert hook(plugin, one, asks("never seen")) == router.fallback("never seen")
    assert hook(plugin, one, asks(None, "p0")) == chosen["p0"]
    assert hook(plugin, one, {**asks("p0"), "model": "large"}) == "large"


def test_the_sdk_s_candidates_are_narrowed(
    plugin: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORES_TABLE", str(folder / "scores.csv"))
    one = plugin.DualPrice.from_environment()
    models = ["hosted_vllm/small", "hosted_vllm/large", "hosted_vllm/large"]
    context = SimpleNamespace(
        structured_messages=[],
        raw_messages=asks("p0")["messages"],
        metadata={"prompt_id": "p0"},
        candidate_models=models,
    )
    kept = ended(one.run(context)).candidate_models
    assert set(kept) == {f"hosted_vllm/{hook(plugin, one, asks('p0'))}"}
    context.candidate_models = ["another"]
    assert ended(one.run(context)).candidate_models == ["another"]


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (
            [
                {"role": "system", "content": "s"},
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b"},
            ],
            "a",
        ),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "a"},
                        {"type": "image_url", "image_url": {}},
                        {"text": "b"},
                    ],
                }
            ],
            "a\n\nb",
        ),
        ([], ""),
        ("a prompt", "a prompt"),
        (None, ""),
        ([{"role": "user", "content": None}], ""),
    ],
)
def test_the_last_user_message_identifies_the_prompt(plugin: Any, messages: Any, text: str) -> None:
    assert plugin.last_user_text(messages) == text


def test_it_follows_the_load(plugin: Any, folder: Path) -> None:
    policy = json.loads((folder / "router_policy.json").read_text(encoding="utf-8"))
    now = [0.0]
    predictor = plugin.ScoresTable(folder / "scores.csv")
    router = library.Router(policy)
    one = plugin.DualPrice(
        router, policy["backends"], predictor, follow=60.0, workers=2, clock=lambda: now[0]
    )
    rows = policy["price_table"]["rows"]
    wanted = rows[0]["rate_rps"]
    for k in range(round(wanted * 60.0 / 2)):
        one.choose(None, {"prompt_id": f"p{k % 400}"})
        assert router.row.rate == policy["valid_for"]["arrival_rate_rps"]
    now[0] = 60.0
    one.choose(None, {"prompt_id": "p0"})
    assert router.row.rate == pytest.approx(rows[1]["rate_rps"])
    assert any(router.corrections.values())


def test_prices_are_corrected_unless_that_is_switched_off(
    plugin: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORES_TABLE", str(folder / "scores.csv"))
    now = [0.0]
    planned = json.loads((folder / "router_policy.json").read_text())["valid_for"]
    for seconds, corrected in ((None, True), ("0", False), ("600", False)):
        if seconds is not None:
            monkeypatch.setenv("PLAN_CORRECT_SECONDS", seconds)
        one = plugin.DualPrice.from_environment()
        one._clock = lambda: now[0]
        one._since = now[0]
        now[0] += 61.0
        for _ in range(plugin.LEAST_REQUESTS - 1):
            one.choose(None, {"prompt_id": "p0"})
        assert not any(one.router.corrections.values())
        one.choose(None, {"prompt_id": "p0"})
        assert any(one.router.corrections.values()) == corrected
        assert one.router.row.rate == planned["arrival_rate_rps"]


def test_a_table_may_say_where_its_scores_come_from(plugin: Any, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("prompt_id,provenance,weight,small\np0,graded,2,0.5\n", encoding="utf-8")
    assert plugin.ScoresTable(path).scores("", "p0") == {"small": 0.5}


def test_a_predictor_of_one_s_own(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("my_scores")
    module.mine = SimpleNamespace(
        scores=lambda prompt, prompt_id: {"small": 5.0 if prompt == "easy" else 0.0, "large": 1.0}
    )  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_scores", module)
    monkeypatch.setenv("SCORE_PREDICTOR", "my_scores:mine")
    one = plugin.DualPrice.from_environment()
    assert hook(plugin, one, asks(None, "easy")) == "small"
