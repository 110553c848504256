"""The option of a run: from its file, the mapping file or the command; what lacks is one fault."""

from pathlib import Path

import pytest

from planner.cli.commands.profiles.profile_import import ImportOptions, run_profile_import
from profiles.importers.identify import checked_identity
from profiles.io.faults import Fault
from tests.support.scenarios.benchmark_files import benchmark_report, vllm
from tests.support.scenarios.imports import OPTION, faults_of, imported, write


def test_missing_keys_are_one_fault(tmp_path: Path):
    text = faults_of(
        write(tmp_path, "a.json", vllm()), write(tmp_path, "b.json", benchmark_report()), given={}
    )
    assert text.count("\n") == 0
    assert "gpu, tp, share of" in text
    assert "nor the share of" in text
    assert "--gpu NAME --tp N --share PCT" in text
    assert "--llm" not in text


def test_doubtful_names_are_faults(tmp_path: Path):
    text = faults_of(write(tmp_path, "a.json", vllm(gpu="H100", mps_share="0.5")), given={"tp": 1})
    assert "H100-PCIe-80GB, H100-SXM-80GB, H100-NVL-94GB" in text
    assert "0.5 looks like a fraction" in text


def test_runs_that_are_left_out_ask_for_nothing(tmp_path: Path):
    text = faults_of(write(tmp_path, "a.json", vllm(request_throughput=1.0)), given={})
    assert "--gpu" not in text


def test_a_replica_of_more_gpus_than_its_degree_is_split(tmp_path: Path):
    """No file of vLLM says whether prefill and decode ran apart; whoever measured knows."""
    file = write(tmp_path, "a.json", vllm())
    split = faults_of(file, given={**OPTION, "gpus_per_replica": 8})
    assert "a replica of 8 GPUs at tensor-parallel degree 1 is split" in split
    assert len(imported(file, given={**OPTION, "gpus_per_replica": 1}).frame) == 1


def test_the_mapping_file_says_which_servers_were_split(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    for name, rate in (("split", 4.0), ("whole", 3.0)):
        changes = {"request_rate": rate, "request_throughput": rate}
        write(tmp_path, f"{name}/run.json", vllm(**changes))
    mapping = map_file(tmp_path, 'files: [{match: "split/*", gpus_per_replica: 2}]\n')
    options = ImportOptions(
        llm="small", gpu="H100-SXM-80GB", tp=1, share=100, gpus_per_replica=1, mapping=mapping
    )
    assert run_profile_import([tmp_path / "split", tmp_path / "whole"], options) == 0
    assert [line.split(",")[4] for line in capsys.readouterr().out.splitlines()[1:]] == ["3"]


def map_file(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_mapping_file(tmp_path: Path, capsys: pytest.CaptureFixture):
    files = [
        write(tmp_path, f"r/tp{tp}/run.json", vllm(model_id="Qwen/Qwen3-8B-FP8", gpu="H100"))
        for tp in (1, 2)
    ]
    mapping = map_file(
        tmp_path,
        "defaults: {share: 100}\nllms: {Qwen/Qwen3-8B-FP8: qwen3-8b-fp8}\ngpus: {H100:"
        ' H100-SXM-80GB}\nfiles: [{match: "tp1/*", tp: 1}, {match: "*tp2*", tp: 2, replicas: 2}]\n',
    )
    assert run_profile_import(files, ImportOptions(mapping=mapping)) == 0
    rows = [line.split(",")[:5] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [
        ["qwen3-8b-fp8", "H100-SXM-80GB", "1", "100", "3.98"],
        ["qwen3-8b-fp8", "H100-SXM-80GB", "2", "100", "1.99"],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("defaults: {tp: 0}", "no whole number"),
        ("defaults: {share: 0.5}", "looks like a fraction"),
        ("default: {tp: 1}", "did you mean defaults?"),
        ("files: [{tp: 1}]", "does not say which files"),
        ("files: [{match: x, ttp: 1}]", "no such key"),
        ("files: 7", "must be a list"),
        ("files: {match: x}", "must be a list"),
        ("llms: [a]", "map names to names"),
        ("- a", "no mapping"),
        ("a: [", "not sound YAML"),
    ],
)
def test_faults_of_the_mapping_file(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture
):
    assert (
        run_profile_import(
            [write(tmp_path, "a.json", vllm())], ImportOptions(mapping=map_file(tmp_path, text))
        )
        == 2
    )
    assert problem in capsys.readouterr().err


def test_a_number_beyond_all_floats_is_a_fault() -> None:
    faults: list[Fault] = []
    assert checked_identity({"tp": -(10**400)}, "--tp", "", faults) == {}
    assert "no whole number from 1" in str(faults[0])
