"""A plan with MIG instances from its scenario to what is made of it: plan.json, tables, the map in
the terminal and on the page, the workbook, the files of a cluster.
"""

from pathlib import Path

import openpyxl
import pytest
import yaml

from app_pages.charts.gpu_map import build_gpu_map_chart
from planner.errors import DataError
from planner.export.bundle import build_bundle
from planner.export.input_workbook import write_scenario_input_workbook
from planner.export.report_content import build_report
from planner.plans.changes.starting_plan import StartingPlan, instance_from_running
from planner.plans.tables import plan_tables
from planner.presentation.plan.gpu_map import gpu_map_rows
from planner.scenario.assemble import assemble_instance
from tests.support.mig.mig_scenarios import SCENARIO, mig_source, write_mig_scenario
from tests.support.plans.export_cases import ON
from tests.support.plans.report_cases import written


def test_plan_json_names_profile_and_slot() -> None:
    content = mig_source().plan.content
    assert content["checks"]["verified"]
    divided = [entry for entry in content["options"] if "mig_profile" in entry]
    assert {(o["llm"], o["mig_profile"], o["mps_share_pct"]) for o in divided} == {
        ("llama-3.1-8b", "3g.40gb", None),
        ("qwen2.5-14b", "4g.40gb", None),
    }
    starts = {p["mig_profile"]: p["mig_start"] for p in content["placement"] if "mig_start" in p}
    # 4g.40gb may begin at slice 0 alone.
    assert starts == {"4g.40gb": 0, "3g.40gb": 4}


def test_tables_and_maps_show_profiles_and_slots() -> None:
    source = mig_source()
    tables = plan_tables(source.plan.content)
    assert sorted(tables["setup"]["MIG profile"]) == ["", "3g.40gb", "4g.40gb"]
    assert sorted(tables["gpu_map"]["Memory slices"]) == ["", "0-3", "4-7"]
    pools, placement = source.plan.content["context"]["pools"], source.plan.content["placement"]
    rows = gpu_map_rows(placement, pools, {"llama-3.1-8b": "A", "qwen2.5-14b": "B"})["h100"].rows
    words = "1 x B qwen2.5-14b tp1 4g.40gb + 1 x A llama-3.1-8b tp1 3g.40gb"
    assert ("gpu 0", "BBBBBBAAAA", words) in rows
    chart, _ = build_gpu_map_chart(build_report(source.plan, source.loaded), "h100")
    bands = {
        row["Long"]: (row["top"], row["bottom"])
        for data in chart.to_dict()["datasets"].values()
        for row in data
        if row["GPU"] == 0
    }
    assert set(bands) == {"B qwen2.5-14b, tp1, 4g.40gb", "A llama-3.1-8b, tp1, 3g.40gb"}
    # Half of the memory each, whatever their parts of the compute.
    heights = {round(bottom - top, 6) for top, bottom in bands.values()}
    assert heights == {0.46}


def test_the_workbook_names_profiles(tmp_path: Path) -> None:
    path = written(mig_source(), tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(path, data_only=True)
    text = {
        str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value
    }
    assert {"3g.40gb", "4g.40gb", "0-3", "4-7"} <= text
    setup = {str(cell.value) for row in book["Setup"].iter_rows() for cell in row}
    assert "MPS share, or part of the compute (%)" in setup
    assert "MPS share (%)" not in setup
    assert "nan" not in text
    # Its input sheets are the scenario again.
    again = assemble_instance(path)
    assert [o.mig_profile for o in again.instance.options] == ["3g.40gb", "3g.40gb", "4g.40gb", ""]
    assert again.sha256 == mig_source().loaded.sha256


def test_a_cluster_gets_resources_and_a_configuration() -> None:
    bundle = build_bundle(mig_source(), ON)
    servers = list(yaml.safe_load_all(bundle.files["kubernetes/servers.yaml"]))
    limits = [
        one["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        for one in servers
        if one["kind"] == "Deployment"
    ]
    expected = ["nvidia.com/gpu", "nvidia.com/mig-3g.40gb", "nvidia.com/mig-4g.40gb"]
    assert sorted(key for one in limits for key in one) == expected
    assert "nvidia.com/mig-3g.40gb" in bundle.files["kserve/llm-inference-services.yaml"]
    divided = yaml.safe_load(bundle.files["mig-parted.yaml"])
    assert divided == {
        "version": "v1",
        "mig-configs": {
            "h100-0": [
                {"devices": [0], "mig-enabled": True, "mig-devices": {"3g.40gb": 1, "4g.40gb": 1}},
                {"devices": [1, 2], "mig-enabled": False},
            ]
        },
    }
    assert "mig-parted.yaml" in bundle.files["README.md"]
    assert "fails together" not in bundle.files["README.md"]
    assert {"shell", "compose"} <= set(bundle.left_out)
    with pytest.raises(DataError, match="UUID"):
        build_bundle(mig_source(), ON, ["compose"])


def test_what_has_no_instances_yet_says_so(tmp_path: Path) -> None:
    source = mig_source()
    with pytest.raises(DataError, match="plan without --from"):
        instance_from_running(source.loaded.instance, StartingPlan("p.json", source.plan.content))
    scheduled = SCENARIO.replace("arrival_rate_rps: 14\n", "").replace(
        "objective", "fleet: {mode: scheduled}\nobjective"
    )
    cases = 'cases: [{name: day, arrival_rate_rps: 9}, {name: "night", arrival_rate_rps: 4}]\n'
    path = write_mig_scenario(tmp_path, scheduled + cases)
    with pytest.raises(DataError, match="a scheduled fleet has no MIG instances yet"):
        assemble_instance(path, cells=True)


def test_setups_say_which_profiles_may_be_used(tmp_path: Path) -> None:
    path = write_mig_scenario(tmp_path)
    loaded = assemble_instance(path, ["setups.mig_profiles=[4g.40gb]"])
    assert [o.mig_profile for o in loaded.instance.options] == ["4g.40gb", ""]
    assert {d.reason for d in loaded.instance.dropped} == {
        "3g.40gb is not among setups.mig_profiles"
    }
    # An old scenario keeps its hash; one that limits the profiles is another.
    none = assemble_instance(path, ["setups.mig_profiles=[]"])
    assert all(o.mig is None for o in none.instance.options)
    assert len({one.sha256 for one in (loaded, none, assemble_instance(path))}) == 3


@pytest.mark.parametrize("profiles", ["[4g.40gb, 3g.40gb]", "[]"])
def test_a_workbook_keeps_which_profiles_may_be_used(profiles: str, tmp_path: Path) -> None:
    path, book = write_mig_scenario(tmp_path), tmp_path / "book.xlsx"
    overrides = [f"setups.mig_profiles={profiles}"]
    write_scenario_input_workbook(path, overrides, book)
    assert assemble_instance(book, []).sha256 == assemble_instance(path, overrides).sha256


def test_memory_beyond_the_instance_is_a_reason(tmp_path: Path) -> None:
    loaded = assemble_instance(write_mig_scenario(tmp_path), ["setups.memory_headroom_pct=15"])
    assert [d.reason for d in loaded.instance.dropped] == [
        "needs 34 GiB, but 33.47 of 39.38 GiB of an instance 3g.40gb may be filled"
        " (memory_headroom_pct)",
        "needs 34 GiB, but 33.47 of 39.38 GiB of an instance 4g.40gb may be filled"
        " (memory_headroom_pct)",
    ]
