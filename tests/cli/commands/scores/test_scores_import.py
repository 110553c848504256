"""The command `scores import`."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from profiles.score_tables.scores import load_scores
from tests.support.scenarios.grade_files import router_bench_csv, write_lm_eval


def scores_import(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["scores", "import", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_it_writes_a_table_under_the_scenarios_names(tmp_path: Path) -> None:
    folder, out = write_lm_eval(tmp_path / "out"), tmp_path / "grades.parquet"
    code, _, err = scores_import(
        str(folder), "--llm", "org/large=big", "--llm", "small", "--out", str(out)
    )
    assert code == 0, err
    assert "lm-evaluation-harness: 2 files, 6 grades" in err
    assert f"3 prompts with grades of 2 LLMs, written to {out}" in err
    scores, _ = load_scores(out, ["big", "small"])
    assert scores.provenance == "graded"
    assert scores.values.tolist() == [[1.0, 0.5, 1.0], [0.0, 1.0, 0.5]]


def test_standard_output_has_the_table_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(router_bench_csv())
    code, text, err = scores_import(str(path), "--quiet")
    assert (code, err) == (0, "")
    assert text.splitlines()[:2] == [
        "prompt_id,provenance,org/large,small",
        "mmlu.val.0,graded,1,0",
    ]


def test_metric_and_filter_are_chosen(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path / "out", metrics=["acc", "acc_norm"], acc_norm=0.75)
    code, _, err = scores_import(str(folder))
    assert code == 2
    assert "choose by --metric: acc, acc_norm" in err
    code, text, _ = scores_import(str(folder), "--metric", "acc_norm", "--filter", "none")
    assert code == 0
    assert "arc/0,graded,0.75,0.75" in text


def test_nothing_is_written_with_faults(tmp_path: Path) -> None:
    out = tmp_path / "o.csv"
    code, _, err = scores_import(str(tmp_path / "none.pkl"), "--out", str(out))
    assert code == 2
    assert "there is no such file" in err
    assert not out.exists()
    folder = write_lm_eval(tmp_path / "out")
    code, _, err = scores_import(str(folder), "--llm", "small", "--llm", "small=b")
    assert (code, "named twice" in err) == (2, True)
    code, _, err = scores_import(str(folder), "--out", str(tmp_path / "o.xlsx"))
    assert (code, "neither in .csv nor in .parquet" in err) == (2, True)
