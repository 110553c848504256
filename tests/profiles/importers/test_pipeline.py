"""Files of benchmark tools become a profile table: every tool by a small file, and real samples."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planner.cli.commands.profiles.profile_import import ImportOptions, run_profile_import
from profiles.curves import load_curves
from profiles.importers.discover import discover_files
from profiles.importers.formats.rules import judge_by_rules
from profiles.io.faults import Fault
from tests.support.paths import HOME
from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.imports import (
    OPTION,
    STANDARD,
    check_the_standard_point,
    faults_of,
    imported,
    lines_of_import,
    write,
)

SAMPLES = HOME.parent / "shared/cases/tool-outputs"


@pytest.mark.parametrize("kind", STANDARD)
def test_every_tool_reports_the_same_run(kind: str, tmp_path: Path):
    content, tp = STANDARD[kind]
    given = {key: value for key, value in OPTION.items() if not (key == "tp" and tp == 2)}
    found = imported(write(tmp_path, "any-name.dat", content()), given=given)
    check_the_standard_point(found.frame, tp)
    assert found.files[0].taken == 1


def test_keys_come_from_the_file_where_it_has_them(tmp_path: Path):
    run = vllm(tensor_parallel_size="2", gpu_type="NVIDIA H100 80GB HBM3", mps_share="50")
    alone = imported(write(tmp_path, "a.json", run), given={}).frame.iloc[0]
    assert (alone["gpu"], alone["tp_degree"], alone["mps_share_pct"]) == ("H100-SXM-80GB", 2, 50)
    assert "as given, although the file says 2" in lines_of_import(
        imported(tmp_path / "a.json", given={"tp": 1})
    )


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are next to the checkout")
class TestSamples:
    def rows(self, pattern: str, **given: Any) -> pd.DataFrame:
        return imported(*sorted(SAMPLES.glob(pattern)), given={**OPTION, **given}).frame

    def test_every_sample_imports_or_says_why_not(self):
        for path in sorted(SAMPLES.glob("*/*")):
            faults: list[Fault] = []
            read = discover_files([path], faults)
            assert read.runs
            assert not faults
            assert all(
                judge_by_rules(run).run is not None or len(judge_by_rules(run).reason) > 20
                for run in read.runs
            ), path

    def test_vllm_milliseconds_and_seconds(self):
        frame = self.rows("vllm-bench/*mock-server*")
        assert frame["ttft_mean_ms"].tolist() == pytest.approx([68.9299, 64.8628], abs=1e-3)
        frame = self.rows("vllm-bench/*glm5*conc16.json")
        assert frame["ttft_p50_ms"].tolist() == pytest.approx([291.399], abs=1e-3)
        assert "ttft_p99_ms" not in frame
        assert frame["llm"].tolist() == ["zai-org/GLM-5-FP8"]

    def test_guidellm_tpot_is_its_inter_token_latency(self):
        for version, count in (("0.2.1", 1), ("0.5.4", 2), ("0.8.1", 3)):
            frame = self.rows(f"guidellm/v{version}*")
            assert len(frame) == count
            parts = frame["ttft_mean_ms"] + (frame["output_tokens"] - 1) * frame["tpot_mean_ms"]
            assert parts.tolist() == pytest.approx(frame["e2e_mean_ms"].tolist(), rel=0.02)
            assert frame["e2e_mean_ms"].between(300, 400).all()

    def test_inference_perf_stages(self):
        frame = self.rows("inference-perf/*vllm__*", llm="llama")
        assert frame["rate_rps"].tolist() == pytest.approx(
            [1.0172, 31.1559, 61.2419, 91.3573], abs=1e-3
        )
        assert frame["ttft_mean_ms"].tolist() == pytest.approx(
            [31.127, 29.837, 34.943, 50.549], abs=1e-3
        )
        assert frame["tpot_mean_ms"].isna().all()
        found = imported(
            *sorted(SAMPLES.glob("inference-perf/*vllm__*")), given={**OPTION, "llm": "llama"}
        )
        assert "saturated: 101.2 of 122.6 req/s" in lines_of_import(found)
        assert "so TPOT stays empty" in lines_of_import(found)

    def test_aiperf(self):
        frame = self.rows("aiperf/*")
        assert frame["rate_rps"].tolist() == pytest.approx([2.8, 11.09, 43.6], rel=0.05)
        assert frame["tpot_mean_ms"].iloc[1] == pytest.approx(16.272, abs=1e-3)


def test_all_faults_at_once(tmp_path: Path):
    (tmp_path / "bad.json").write_text("{")
    text = faults_of(
        tmp_path / "nothere.json",
        tmp_path / "bad.json",
        write(tmp_path, "a.json", vllm()),
        given={},
    )
    assert "there is no such file" in text
    assert "ends in the middle" in text
    assert "--gpu NAME" in text


def test_what_is_imported_is_a_table_the_planner_takes(tmp_path: Path):
    out = tmp_path / "p.csv"
    files = [write(tmp_path, f"{k}.json", content()) for k, (content, _) in STANDARD.items()]
    assert (
        run_profile_import(
            files,
            ImportOptions(llm="=evil", gpu="H100-SXM-80GB", tp=2, share=100.0, out=out, quiet=True),
        )
        == 0
    )
    assert load_curves(out).options[0].llm == "'=evil"
