"""What benchmark files and their names say of an option, and what a person adds."""

from pathlib import Path

from profiles.importers.discover import discover_files
from profiles.importers.file_options import (
    FileOption,
    file_option_faults,
    file_options,
    given_of_file_options,
    gpu_of_file_option,
)
from profiles.importers.pipeline import run_import_pipeline
from profiles.io.faults import Fault
from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.imports import write

WHOLE = {"gpu": "A100-PCIe-80GB", "share": 100}


def looked_at(*files: Path) -> list[FileOption]:
    faults: list[Fault] = []
    options = file_options(discover_files(files, faults))
    assert not faults
    return options


def test_what_a_file_says_comes_before_its_name(tmp_path: Path) -> None:
    said = {"tensor_parallel_size": "4", "gpu_type": "H100-SXM-80GB"}
    named, own = looked_at(
        write(tmp_path, "x-tp2-share50.json", vllm()),
        write(tmp_path, "y-tp2.json", vllm(**said)),
    )
    assert named.named == {"tp": 2, "share": 50}
    assert named.own["tp"] is None
    assert named.runs == 1
    assert own.own["tp"] == 4
    assert own.own["gpu"] == "H100-SXM-80GB"
    assert "tp" not in own.named


def test_a_name_that_says_no_degree_suggests_nothing(tmp_path: Path) -> None:
    names = ("http2.json", "tp.json", "share500.json", "fp8-tps20.json")
    assert [one.named for one in looked_at(*(write(tmp_path, n, vllm()) for n in names))] == [
        {}
    ] * len(names)


def test_a_name_suggests_one_gpu_type_of_those_that_are_known(tmp_path: Path) -> None:
    named, said, other = looked_at(
        write(tmp_path, "qwen_H100_tp2.json", vllm()),
        write(tmp_path, "h100-said.json", vllm(gpu_type="A100-SXM-80GB")),
        write(tmp_path, "xh100.json", vllm()),
    )
    two = ["H100-SXM-80GB", "A100-SXM-80GB"]
    assert gpu_of_file_option(named, two) == "H100-SXM-80GB"
    assert gpu_of_file_option(named, [*two, "H100-PCIe-80GB"]) is None
    assert gpu_of_file_option(said, two) is None
    assert gpu_of_file_option(other, two) is None


def test_lacking_keys_are_one_fault_each_and_defaults_fill_them(tmp_path: Path) -> None:
    files = [write(tmp_path, f"{k}[1].json", vllm()) for k in range(2)]
    options, faults = looked_at(*files), list[Fault]()
    lacking = file_option_faults(options, given_of_file_options(options, {}, WHOLE, faults))
    assert [(one.file, one.problem) for one in lacking] == [
        ("0[1].json and 1 more files", "nothing says the tensor-parallel degree that was measured")
    ]
    # One file is stated by name, brackets and all; the other takes the default.
    stated = {str(files[0]): {"tp": 2}}
    given = given_of_file_options(options, stated, {**WHOLE, "tp": 1}, faults)
    assert file_option_faults(options, given) == []
    assert sorted(run_import_pipeline(files, given).frame["tp_degree"]) == [1, 2]
    assert not faults


def test_impossible_values_are_faults(tmp_path: Path) -> None:
    file = write(tmp_path, "a.json", vllm())
    faults: list[Fault] = []
    given_of_file_options(looked_at(file), {str(file): {"share": 0.5}}, {"tp": 0}, faults)
    assert [fault.file for fault in faults] == ["a.json", "all files"]
