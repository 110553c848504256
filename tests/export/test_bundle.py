"""The deploy bundle: names, memory, weights, refusals, schemas; nothing in a name breaks a file or
escapes from it.
"""

import ast
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.router import Router
from planner.cli.app import app
from planner.errors import DataError
from planner.export.bundle import KINDS, Bundle, build_bundle, parse_kinds
from planner.export.deployment import FLEET, build_deployment
from planner.export.deployment_names import labels, one_line
from planner.operation.router_policy import plan_hash
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan, write_json
from profiles.io.yaml_text import parse_yaml, yaml_text
from reports.deploy.weights import SHARES, largest_remainder
from tests.support import export_cases
from tests.support.export_cases import HOSTILE, ON

CASES: dict[str, Callable[[], PlanAndScenario]] = {
    "trio": export_cases.trio,
    "shared": export_cases.shared,
    "halves": export_cases.halves,
    "whole": export_cases.whole,
    "idle": lambda: export_cases.idle(1),
    "one": lambda: export_cases.idle(0),
    "hostile": lambda: export_cases.shared(hostile=True),
    "hostile whole": lambda: export_cases.whole(hostile=True),
}
every_case = pytest.mark.parametrize("name", CASES)


@cache
def exported(name: str) -> Bundle:
    return build_bundle(CASES[name](), ON)


@cache
def deployment(name: str) -> dict[str, Any]:
    source = CASES[name]()
    return build_deployment(source.plan.content, source.loaded.instance, ON)


def servers(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for node in deployment(name)["nodes"]:
        for row in node["servers"]:
            yield node, row


def documents(text: str) -> list[Any]:
    """YAML as 1.1 reads it: compose, Kubernetes and LiteLLM do."""
    return list(yaml.safe_load_all(text))


@cache
def compose_schema() -> jsonschema.Draft7Validator:
    """The Compose Specification's own schema, as check-jsonschema carries it."""
    text = (
        package_files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    ).read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


def compose_files(name: str) -> Iterator[tuple[str, str]]:
    yield from (
        (path, text) for path, text in exported(name).files.items() if path.startswith("compose")
    )


# ---------------------------------------------------------------- names and words

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)


@settings(deadline=None)
@given(
    st.sets(
        names | st.sampled_from(["Qwen 3", "qwen-3", "qwen.3", "fleet", "3", "-", "x"]),
        min_size=1,
        max_size=8,
    )
)
def test_labels_are_dns_labels_and_differ(texts: set[str]) -> None:
    found = labels(texts, 30, reserved=("fleet",))
    assert found.keys() == texts
    assert len(set(found.values()) | {"fleet"}) == len(texts) + 1
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", label) for label in found.values())
    assert labels(sorted(texts, reverse=True), 30, reserved=("fleet",)) == found


def test_long_names_that_begin_alike_differ() -> None:
    found = labels(["a" * 40, "a" * 41], 30)
    assert len(set(found.values())) == 2
    assert {len(label) for label in found.values()} == {30}


@settings(deadline=None)
@given(st.text())
def test_a_comment_stays_on_its_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert len(line) <= 200


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12).filter(
        lambda fractions: sum(fractions) > 1e-6
    )
)
def test_weights_sum_and_are_nearest(fractions: list[float]) -> None:
    weights = largest_remainder(fractions)
    whole = sum(fractions)
    assert sum(weights) == SHARES
    assert all(
        abs(weight - SHARES * fraction / whole) < 1.0 + 1e-6
        for weight, fraction in zip(weights, fractions, strict=True)
    )


SCALARS = "y No ON null ~ 1_000 0x1 12:30 1e3 << = 2026-11-24 .inf - #".split()
values = st.recursive(
    st.text() | st.sampled_from(SCALARS) | st.integers(-1000, 1000) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["on", "n", "key", "a b", "<<", "1"]), values, min_size=1, max_size=3
    )
)
def test_yaml_reads_the_same_in_both_versions(content: dict[str, Any]) -> None:
    text = yaml_text([content])
    assert text.isascii()
    assert documents(text) == [content]
    if "<<" not in content:
        faults: list[Any] = []
        assert parse_yaml(text, "x", faults) == content or any(
            "<<" in str(fault) for fault in faults
        )


# ---------------------------------------------------------------- what is deployed


@every_case
def test_memory_adds_up_on_every_gpu(name: str) -> None:
    headroom = deployment(name)["about"]["headroom"]
    for node in deployment(name)["nodes"]:
        for gpu in node["gpus"]:
            own = [row for row in node["servers"] if gpu["at"] in row["gpus"]]
            assert sum(row["utilization"] for row in own) <= min(1.0 - headroom, 0.95) + 1e-9
            if gpu["shared"]:
                assert sum(row["memory_limit_mib"] for row in own) <= 1024 * node["memory_gib"]
                assert sum(row["mps_share_pct"] for row in own) <= 100 + 1e-9
        for row in node["servers"]:
            assert (
                row["utilization"] * node["memory_gib"]
                >= row["memory_gib_per_gpu"] - 0.002 * node["memory_gib"]
            )
            assert row["memory_limit_mib"] > 1024 * row["utilization"] * node["memory_gib"]


def test_a_plan_without_headroom_is_told() -> None:
    options = [("small", "EdgeGPU", 1, 50, 10.0, 24.0), ("large", "EdgeGPU", 1, 50, 5.0, 24.0)]
    source = export_cases.case(
        options, export_cases.TWO_POOLS[1:], 12.0, setups={"memory_headroom_pct": 0}
    )
    found = build_bundle(source, ON)
    assert sum("memory_headroom_pct" in caution for caution in found.cautions) == 2
    used = [
        row["utilization"]
        for node in build_deployment(source.plan.content, source.loaded.instance, ON)["nodes"]
        for row in node["servers"]
    ]
    assert sum(used) <= 0.95


@every_case
def test_the_placement_is_that_of_the_plan(name: str) -> None:
    source, told = CASES[name](), []
    for node, row in servers(name):
        pool, _, at = node["label"].rpartition("-")
        told += [(pool, int(at), gpu, row["llm_name"], row["mps_share_pct"]) for gpu in row["gpus"]]
    pools = labels((pool.name for pool in source.loaded.instance.pools), 16)
    expected = [
        (pools[p["pool"]], p["node"], p["gpu"], p["llm"], p["mps_share_pct"])
        for p in source.plan.content["placement"]
    ]
    assert sorted(told) == sorted(expected)


@every_case
def test_servers_on_one_gpu_never_start_together(name: str) -> None:
    for node in deployment(name)["nodes"]:
        assert [row["port"] for row in node["servers"]] == sorted(
            {row["port"] for row in node["servers"]}
        )
        for k, row in enumerate(node["servers"]):
            before = [
                other for other in node["servers"][:k] if set(other["gpus"]) & set(row["gpus"])
            ]
            assert sorted(row["after"]) == sorted(other["name"] for other in before)
            assert all(other["wave"] < row["wave"] for other in before)


@every_case
def test_fractions_are_those_of_the_plan(name: str) -> None:
    content = CASES[name]().plan.content
    for llm, fraction in content["routing"].items():
        own = [row for _, row in servers(name) if row["llm_name"] == llm]
        assert sum(row["fraction"] for row in own) == pytest.approx(fraction, abs=1e-12)
        assert all(
            row["rate_rps"]
            == pytest.approx(
                row["fraction"] * deployment(name)["about"]["arrival_rate_rps"], abs=1e-6
            )
            for row in own
        )


# ---------------------------------------------------------------- files


@every_case
def test_every_file_tells_its_plan(name: str) -> None:
    digest = plan_hash(CASES[name]().plan.content)
    for path, text in exported(name).files.items():
        top = "\n".join(text.splitlines()[:6])
        assert digest in top, path
        assert "review before use" in top, path
        assert "2026-11-24" in top, path
        assert text.endswith("\n"), path
        assert "\r" not in text, path


@every_case
def test_the_same_plan_gives_the_same_bytes(name: str) -> None:
    assert build_bundle(CASES[name](), ON) == exported(name)
    assert build_bundle(CASES[name](), date(2027, 1, 1)) != exported(name)


@every_case
def test_compose_follows_its_schema(name: str) -> None:
    for path, text in compose_files(name):
        (content,) = documents(text)
        assert not [
            f"{path}: {fault.json_path} {fault.message}"
            for fault in compose_schema().iter_errors(content)
        ]
        for service in content["services"].values():
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            assert device["capabilities"] == ["gpu"]
            assert set(service.get("depends_on", {})) <= set(content["services"])


def test_compose_says_what_the_plan_says() -> None:
    content = {
        k: v
        for _, text in compose_files("shared")
        for k, v in documents(text)[0]["services"].items()
    }
    assert len(content) == len(list(servers("shared")))
    for _, row in servers("shared"):
        service = content[row["name"]]
        assert f"--tensor-parallel-size={row['tp_degree']}" in service["command"]
        assert f"--gpu-memory-utilization={row['utilization']:.3f}" in service["command"]
        assert list(service.get("depends_on", {})) == row["after"]
        shared = service["environment"].get("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")
        assert shared == (f"{row['mps_share_pct']:g}" if row["shared"] else None)
        if row["shared"]:
            limits = service["environment"]["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"]
            assert limits == ",".join(
                f"{k}={row['memory_limit_mib']}M" for k in range(row["tp_degree"])
            )


def test_a_hostile_name_stays_text() -> None:
    for path, text in exported("hostile").files.items():
        if path.endswith((".yaml", ".yml")):
            for _ in documents(text):
                pass
        if path.endswith(".json"):
            json.loads(text)
        if path.endswith(".py"):
            ast.parse(text)
        assert "\u2028" not in text, path
        assert "\u202e" not in text, path
    for _, text in compose_files("hostile"):
        (content,) = documents(text)
        for service in content["services"].values():
            assert service["labels"]["plan.llm"].replace("$$", "") in {
                name.replace("$", "") for name in HOSTILE.values()
            }
            assert re.findall(r"(?<!\$)(?:\$\$)*\$(?!\$)", service["labels"]["plan.llm"]) == []
    policy = json.loads(exported("hostile").files["router_policy.json"])
    assert set(policy["alpha"]) == {HOSTILE["small"], HOSTILE["large"]}


def test_the_readme_shows_names_as_they_are() -> None:
    text = exported("hostile").files["README.md"]
    assert not re.search(r"(?<!\\)<(b|script)", text)
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == 5
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_llms_without_requests_are_told() -> None:
    assert (
        "Deployed without requests, as the scenario demands: small."
        in exported("idle").files["README.md"]
    )
    assert "Not in the plan: small." in exported("one").files["README.md"]
    assert [row["name"] for _, row in servers("one")] == ["large-0"]
    (config,) = documents(exported("idle").files["config.yaml"])
    assert config["router_settings"]["fallbacks"] == [
        {"fleet": ["large", "small"]},
        {"small": ["large"]},
        {"large": ["small"]},
    ]
    (config,) = documents(exported("one").files["config.yaml"])
    assert config["router_settings"]["fallbacks"] == [{"fleet": ["large"]}]


def test_the_load_test_has_the_lengths_of_the_curve_where_they_are_known() -> None:
    lengths = dict.fromkeys(server["tokens"] for _, server in servers("trio"))
    assert None not in lengths
    (known,) = re.findall(
        r"--random-input-len (\d+) --random-output-len (\d+) ", exported("trio").files["README.md"]
    )
    assert tuple(map(int, known)) in lengths
    assert {server["tokens"] for _, server in servers("whole")} == {None}
    assert (
        "--random-input-len TOKENS --random-output-len TOKENS "
        in exported("whole").files["README.md"]
    )


def test_the_readme_names_every_file() -> None:
    for name in CASES:
        text = exported(name).files["README.md"].partition("## Files")[2]
        assert set(re.findall(r"^\| `([^`]+)` ", text, re.MULTILINE)) == set(
            exported(name).files
        ) - {"README.md"}


def test_the_policy_is_one_that_the_router_takes(tmp_path: Path) -> None:
    for name in ("trio", "hostile"):
        (tmp_path / "policy.json").write_text(
            exported(name).files["router_policy.json"], encoding="utf-8"
        )
        router = Router.load(tmp_path / "policy.json")
        routed = {
            llm for llm, fraction in CASES[name]().plan.content["routing"].items() if fraction > 0
        }
        assert set(router.llms) == routed


def test_the_plugin_knows_the_group_of_all() -> None:
    assert f'FLEET = "{FLEET}"' in exported("trio").files["dual_price_plugin.py"]


@every_case
def test_litellm_s_weights_are_the_fractions(name: str) -> None:
    (config,) = documents(exported(name).files["config.yaml"])
    told = {row["name"]: row for _, row in servers(name)}
    groups: dict[str, int] = {}
    for model in config["model_list"]:
        groups[model["model_name"]] = (
            groups.get(model["model_name"], 0) + model["litellm_params"]["weight"]
        )
        row = told[model["model_info"]["id"].removeprefix(f"{FLEET}-")]
        part = row["fraction"] if model["model_name"] == FLEET else row["share_of_llm"]
        assert model["litellm_params"]["weight"] == pytest.approx(SHARES * part, abs=1.0)
    assert set(groups.values()) == {SHARES}
    assert set(groups) == {FLEET} | {row["llm"] for row in told.values()}


# ---------------------------------------------------------------- Kubernetes


@pytest.mark.parametrize("name", ["halves", "whole", "hostile whole"])
def test_kubernetes_follows_its_schema(name: str) -> None:
    files = {
        path: text for path, text in exported(name).files.items() if path.startswith("kubernetes/")
    }
    objects = [
        one for path in ("models", "servers") for one in documents(files[f"kubernetes/{path}.yaml"])
    ]
    for one in objects:
        kubernetes_validate.validate(one, "1.37", strict=True)
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", one["metadata"]["name"])
    (route,) = documents(files["kubernetes/route.yaml"])
    backends = route["spec"]["rules"][0]["backendRefs"]
    assert sum(backend["weight"] for backend in backends) == SHARES
    assert {backend["name"] for backend in backends} == {
        one["metadata"]["name"] for one in objects if one["kind"] == "Service"
    }
    pods = sum(one["spec"]["replicas"] for one in objects if one["kind"] == "Deployment")
    assert pods == len(list(servers(name)))


def test_each_service_finds_its_pods() -> None:
    objects = documents(exported("halves").files["kubernetes/servers.yaml"])
    pods = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in objects
        if one["kind"] == "Deployment"
    ]
    for service in (one for one in objects if one["kind"] == "Service"):
        assert [labels for labels in pods if service["spec"]["selector"].items() <= labels.items()]


def test_equal_parts_become_shared_gpus() -> None:
    files = exported("halves").files
    (plugin,) = documents(files["kubernetes/device-plugin-mps-2.yaml"])
    assert plugin["sharing"]["mps"] == {
        "renameByDefault": True,
        "resources": [{"name": "nvidia.com/gpu", "replicas": 2}],
    }
    for one in documents(files["kubernetes/servers.yaml"]):
        if one["kind"] == "Deployment":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            assert container["resources"]["limits"] == {"nvidia.com/gpu.shared": "1"}
            (flag,) = [word for word in container["args"] if "utilization" in word]
            assert float(flag.partition("=")[2]) <= 0.475


def test_what_kubernetes_cannot_do_is_refused_with_its_reason() -> None:
    found = exported("shared")
    told = " ".join(found.left_out["kubernetes"])
    assert "unequal shares (40 %, 60 %)" in told
    assert "degrees above 1 on shared GPUs" in told
    assert not [path for path in found.files if path.startswith("kubernetes")]
    assert "degrees above 1 on shared GPUs" in found.files["README.md"]
    with pytest.raises(DataError, match="unequal shares"):
        build_bundle(CASES["shared"](), ON, ["kubernetes"])


def test_shares_that_are_no_equal_parts_are_refused() -> None:
    options = [("small", "TestGPU", 1, 40, 10.0, 20.0), ("large", "TestGPU", 1, 40, 5.0, 20.0)]
    source = export_cases.case(options, export_cases.TWO_POOLS[:1], 40.0)
    with pytest.raises(
        DataError, match="40 % of a GPU; the device plugin splits a GPU into equal parts"
    ):
        build_bundle(source, ON, ["kubernetes"])


def test_parts_with_too_little_memory_are_refused() -> None:
    options = [("small", "TestGPU", 1, 50, 10.0, 20.0), ("large", "TestGPU", 1, 50, 5.0, 45.0)]
    source = export_cases.case(options, export_cases.TWO_POOLS[:1], 30.0)
    with pytest.raises(DataError, match=r"needs 45 GiB of a GPU; each of 2 equal parts has 40\.0"):
        build_bundle(source, ON, ["kubernetes"])


# ---------------------------------------------------------------- RouteLLM


def test_the_threshold_does_what_the_prices_do() -> None:
    source = CASES["whole"]()
    told = json.loads(exported("whole").files["routellm.json"])
    scores, prices = source.loaded.instance.scores.values, source.plan.content["dual_prices"]
    by_label = dict(zip((llm.name for llm in source.loaded.instance.llms), scores, strict=True))
    strong, weak = by_label[told["strong_model"]], by_label[told["weak_model"]]
    rate = (1.0 + (strong - weak) / told["scale"]) / 2.0
    net = (strong - prices[told["strong_model"]]) - (weak - prices[told["weak_model"]])
    clear = np.abs(net) > 1e-9
    assert np.array_equal(rate[clear] >= told["threshold"], net[clear] > 0.0)
    assert math.isclose(
        (rate >= told["threshold"]).mean(),
        told["planned_fraction_of_strong"],
        abs_tol=told["planned_fraction_tied"] + 1e-9,
    )


def test_scores_of_another_scale_are_scaled() -> None:
    wide = deployment("whole")
    from_one, from_ten = (largest_difference_threshold(wide, widest) for widest in (1.0, 10.0))
    assert (from_one["scale"], from_ten["scale"]) == (1.0, 10.0)
    assert from_ten["threshold"] - 0.5 == pytest.approx((from_one["threshold"] - 0.5) / 10.0)


def largest_difference_threshold(told: dict[str, Any], widest: float) -> dict[str, Any]:
    from reports.deploy.litellm import routellm_threshold

    return routellm_threshold(told, widest)


def test_a_threshold_is_for_two_llms() -> None:
    assert "2" not in exported("trio").left_out["routellm"]
    assert "routellm.json" not in exported("trio").files
    with pytest.raises(DataError, match="for two LLMs, and requests go to 3"):
        build_bundle(CASES["trio"](), ON, ["routellm"])


# ---------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_json(CASES["shared"]().plan, path)
    return path


def run(plan: Path, to: Path, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["export", str(plan), "--to", str(to), *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_command_writes_a_new_folder(
    plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    code, told = run(plan_file, tmp_path / "a" / "b")
    assert (code, "Not exported: kubernetes, node lab-0 has servers of unequal shares" in told) == (
        0,
        True,
    )
    assert "To do: small is in no catalogue: set MODEL_SMALL" in told
    assert (tmp_path / "a" / "b" / "deploy.sh").stat().st_mode & 0o111
    policy = json.loads((tmp_path / "a" / "b" / "router_policy.json").read_text(encoding="utf-8"))
    assert "2025-11-24" in policy["note"]
    assert policy["price_table"]["rows"]
    assert run(plan_file, tmp_path / "again")[0] == 0
    for path in (tmp_path / "again").rglob("*"):
        if path.is_file():
            assert (
                path.read_bytes()
                == (tmp_path / "a" / "b" / path.relative_to(tmp_path / "again")).read_bytes()
            )


@pytest.mark.parametrize(
    "only",
    [
        ("compose", {"README.md", "deploy.sh", "deploy.env"}),
        ("router", {"README.md", "router.py", "router_policy.json"}),
    ],
)
def test_only_chooses(plan_file: Path, tmp_path: Path, only: tuple[str, set[str]]) -> None:
    assert run(plan_file, tmp_path / "out", "--only", only[0], "--quiet")[0] == 0
    assert {
        path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith("compose.")
    } == only[1]


def test_bad_input_is_told(
    plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "file").touch()
    for to, more, expected in (
        ("full", (), "not empty, and nothing is overwritten"),
        ("file", (), "a file, not a folder"),
        ("file/x", (), "nothing can be written"),
        ("new", ("--only", "compos"), "did you mean compose?"),
        ("new", ("--only", ","), "it names nothing"),
        ("new", ("--only", "kubernetes"), "cannot be expressed there: node lab-0 has"),
        ("new\x00", (), "null byte"),
    ):
        code, told = run(plan_file, tmp_path / to, *more)
        assert (code, expected in told) == (2, True), (to, more, told)
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert "this is not a time" in run(plan_file, tmp_path / "new")[1]


def test_a_plan_that_was_edited_is_refused(plan_file: Path, tmp_path: Path) -> None:
    content = json.loads(plan_file.read_text(encoding="utf-8"))
    scenario = (plan_file.parent / content["scenario_path"]).resolve()
    for key, value, expected in (
        ("placement", [], "not sound"),
        ("options", 3, "not sound"),
        ("routing", None, "not sound"),
    ):
        (tmp_path / "plan.json").write_text(
            json.dumps({**content, key: value, "scenario_path": str(scenario)}), encoding="utf-8"
        )
        code, told = run(tmp_path / "plan.json", tmp_path / "new")
        assert (code, expected in told, (tmp_path / "new").exists()) == (2, True, False), told


def test_a_plan_without_a_setup_is_told(tmp_path: Path) -> None:
    source = export_cases.planned(CASES["shared"]().loaded.scenario.path, "arrival_rate_rps=5000")
    assert source.plan.status == "infeasible"
    write_json(source.plan, tmp_path / "plan.json")
    assert run(tmp_path / "plan.json", tmp_path / "new")[0] == 3
    with pytest.raises(DataError):
        build_bundle(
            PlanAndScenario(
                Plan({**CASES["shared"]().plan.content, "options": []}), CASES["shared"]().loaded
            ),
            ON,
        )


def test_kinds_come_in_one_order() -> None:
    assert parse_kinds("litellm, compose,litellm") == ["compose", "litellm"]
    assert parse_kinds(",".join(KINDS)) == list(KINDS)
