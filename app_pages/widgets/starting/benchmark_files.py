"""Benchmark files in step 3: what each measured, as the file says or a person does, and the curves
that are made of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.jobs.new_curves import USE, NewRuns
from app_pages.session.draft import current_draft, draft_files, draft_folder, draft_value
from app_pages.session.starting.draft_curves import RUNS, draft_imported_curves, draft_runs
from app_pages.widgets.markdown import failure_markdown_box, plain_markdown
from app_pages.widgets.starting.benchmark_points import draw_benchmark_points
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_files,
    draw_draft_number,
)
from profiles.catalogue import load_catalogue_gpus
from profiles.importers.file_options import FileOption, gpu_of_file_option
from profiles.io.faults import Fault
from profiles.records import NEIGHBOURS

__all__ = ["benchmark_files_faults", "draw_benchmark_files", "mapping_of_benchmark_rows"]

ENDINGS = ("json", "jsonl", "csv", "parquet", "yaml", "yml", "gz", "zip")
KEYS = ("llm", "gpu", "tp", "share")
WHOLE = ("tp", "replicas")
UNANSWERED = "unanswered"
DEFAULTS = (
    *("measured llm", "measured gpu", "measured tp", "measured share", "neighbours"),
    UNANSWERED,
)
"""Fields of what holds for files that do not say it."""
ASKED = {"llm": "the LLM", "gpu": "the GPU type", "tp": "the TP degree", "share": "the MPS share"}
QUESTION_PX = 340


def draw_benchmark_files() -> None:
    """Upload, mapping, preview."""
    st.caption(
        "Results of vLLM bench serve, GuideLLM, SGLang, AIPerf, inference-perf, llm-d, or a profile"
        " table (CSV, Parquet). Several files, or a zip of them."
    )
    draw_draft_files(RUNS, "Benchmark files", ENDINGS, several=True, about=DEFAULTS)
    if not draft_files(RUNS):
        return
    done = draft_runs()
    folder = f"{draft_folder(RUNS)}/"
    if done is None:
        st.info("Reading the benchmark files.")
        return
    if not done.has_result:
        failure_markdown_box(done, "Not read", folder)
        return
    runs: NewRuns = done.result
    _draw_refused_benchmark_files(runs.refused, folder)
    options = runs.options
    questions = st.container()
    stated = _draw_benchmark_mapping(options) if options else {}
    lacking = _lacking_of_benchmark_files(options, stated)
    with questions:
        _draw_benchmark_questions(lacking, stated)
        defaults = _benchmark_answers()
        current_draft().values[UNANSWERED] = [
            f"{ASKED[key]} of {runs}" for key, runs in lacking.items() if key not in defaults
        ]
        if benchmark_files_faults():
            current_draft().values["measured"] = None
            st.info("These files are used as soon as this is answered.")
            return
    made = draft_imported_curves(options, stated, defaults)
    if made is None:
        st.info("Making curves of the benchmark files.")
    elif made.has_result:
        draw_benchmark_points(made.result, folder)
    else:
        failure_markdown_box(made, "No curves yet", folder)


def _draw_refused_benchmark_files(refused: Sequence[Fault], folder: str) -> None:
    """Files that are not used; the others are."""
    if refused:
        count = len({fault.file for fault in refused})
        head = f"{count} file{'s are' if count > 1 else ' is'} not used; the others are."
        lines = (f"- {plain_markdown(str(fault).replace(folder, ''))}" for fault in refused)
        st.warning("\n".join([f"**{head}**", "", *lines]))


def _draw_benchmark_mapping(options: Sequence[FileOption]) -> dict[str, dict[str, Any]]:
    """What every file measured, to be completed; file -> key -> value."""
    count = sum(option.runs for option in options)
    lacking = any(_unsaid(option, key) for option in options for key in ("llm", "tp"))
    tools = ", ".join(dict.fromkeys(option.tools for option in options))
    head = f"What was measured: {count} run{'s' * (count > 1)} of {tools} in {len(options)} files"
    editor = _benchmark_editor(options)
    with st.expander(head, icon=":material/table_edit:", expanded=lacking):
        st.markdown(
            "Blank cells: the file does not say it, and the answers above do. What stands in a"
            " file's name (`-tp2-`, `-share50-`, `-h100-`) is filled in: check it."
        )
        edited = st.data_editor(
            editor["base"],
            key=editor["widget"],
            column_config=_benchmark_columns(options),
            disabled=["file"],
            num_rows="fixed",
            hide_index=True,
            placeholder="not said",
            alt="Benchmark files: what each of them measured.",
        )
    files = [option.file for option in options]
    stated = mapping_of_benchmark_rows(files, edited)
    current_draft().values["mapping"] = stated
    return stated


def _benchmark_editor(options: Sequence[FileOption]) -> dict[str, Any]:
    """The editor's constant table and key; both new for other files, and when it was not drawn."""
    files = [option.file for option in options]
    editor = draft_value("mapping editor")
    if editor is None or editor["files"] != files or editor["widget"] not in st.session_state:
        number = 0 if editor is None else editor["number"] + 1
        known = draft_value("mapping", {})
        base = pd.DataFrame([_benchmark_row(one, known.get(one.file)) for one in options])
        editor = {"files": files, "number": number, "widget": f"edit-mapping-{number}"}
        editor["base"] = base.astype({"tp": float, "share": float, "replicas": float})
        current_draft().values["mapping editor"] = editor
    return editor


def _benchmark_row(option: FileOption, stated: dict[str, Any] | None) -> dict[str, Any]:
    """A row of the table: as it was edited, else what file and file name say."""
    said = {key: value for key, value in option.own.items() if not option.differs(key)}
    gpu = gpu_of_file_option(option, draft_value("gpus", []))
    named = option.named if gpu is None else {**option.named, "gpu": gpu}
    shown = {**said, **named} if stated is None else stated
    return {
        USE: shown.get(USE, True),
        "file": Path(option.file).name,
        **{key: shown.get(key) for key in (*KEYS, "replicas")},
    }


def _benchmark_columns(options: Sequence[FileOption]) -> dict[str, Any]:
    number, select, text = (
        st.column_config.NumberColumn,
        st.column_config.SelectboxColumn,
        st.column_config.TextColumn,
    )
    own = [one.own["llm"] for one in options if one.own["llm"] and not one.differs("llm")]
    llms = {*draft_value("llms", []), *map(str, own)}
    gpus = dict.fromkeys([*draft_value("gpus", []), *load_catalogue_gpus()])
    return {
        USE: st.column_config.CheckboxColumn("Use", width=75, help="Blank: the file is left out."),
        "file": text("File", width=320),
        "llm": select("LLM", options=sorted(llms)),
        "gpu": select("GPU type", options=list(gpus)),
        "tp": number("TP", min_value=1, step=1, help="GPUs that one replica is split over."),
        "share": number("MPS share (%)", min_value=1, max_value=100, help="100: whole GPUs."),
        "replicas": number("Replicas", min_value=1, step=1, help="That answered together."),
    }


def mapping_of_benchmark_rows(
    files: Sequence[str], edited: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """The edited table as file -> key -> value, without blank cells."""
    rows = edited[[USE, *KEYS, "replicas"]].to_dict("records")
    return {
        file: {
            str(key): int(value) if key in WHOLE and float(value).is_integer() else value
            for key, value in row.items()
            if not pd.isna(value)
        }
        for file, row in zip(files, rows, strict=True)
    }


def _unsaid(option: FileOption, key: str) -> bool:
    gpu = gpu_of_file_option(option, draft_value("gpus", [])) if key == "gpu" else None
    return option.own[key] is None and key not in option.named and gpu is None


def _lacking_of_benchmark_files(
    options: Sequence[FileOption], stated: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """What some used file does not say -> of which runs: `these 30 runs`."""
    used = [option for option in options if stated[option.file].get(USE, True)]
    every = sum(option.runs for option in used)
    counts = {
        key: sum(
            option.runs
            for option in used
            if option.own[key] is None and key not in stated[option.file]
        )
        for key in KEYS
    }
    return {key: _runs_in_words(count, every) for key, count in counts.items() if count}


def _draw_benchmark_questions(lacking: dict[str, str], stated: dict[str, dict[str, Any]]) -> None:
    """Fields of what holds for files that do not say it."""
    llms, gpus = draft_value("llms", []), draft_value("gpus", [])
    shares = [row.get("share", 100) for row in stated.values()]
    look: dict[str, Any] = {"placeholder": "choose", "width": QUESTION_PX}
    with st.container(horizontal=True):
        if runs := lacking.get("llm"):
            label = f"Which LLM answered in {runs}?"
            draw_draft_choice("measured llm", label, llms, **look)
        if runs := lacking.get("gpu"):
            label = f"Which GPU were {runs} measured on?"
            draw_draft_choice("measured gpu", label, gpus, _only_benchmark_gpu(), **look)
        if runs := lacking.get("tp"):
            label = f"TP degree of {runs}"
            draw_draft_number("measured tp", label, step=1, min_value=1, placeholder="e.g. 1")
        if runs := lacking.get("share"):
            label = f"MPS share of {runs} (%)"
            draw_draft_number("measured share", label, 100, step=1, min_value=2, max_value=100)
        if any(share < 100 for share in shares) or draft_value("measured share", 100) != 100:
            label = "What ran on the rest of shared GPUs"
            draw_draft_choice("neighbours", label, NEIGHBOURS, "unknown")


def _only_benchmark_gpu() -> str | None:
    """The GPU type, where no other one can be meant."""
    gpus: Sequence[str] = draft_value("gpus", [])
    return gpus[0] if len(gpus) == 1 else None


def _benchmark_answers() -> dict[str, Any]:
    """What was answered, or needs no answer."""
    llm = draft_value("measured llm")
    answers = {
        "llm": llm if llm in draft_value("llms", []) else None,
        "gpu": draft_value("measured gpu", _only_benchmark_gpu()),
        "tp": draft_value("measured tp"),
        "share": draft_value("measured share", 100),
        "neighbours": draft_value("neighbours", "unknown"),
    }
    return {key: value for key, value in answers.items() if value is not None}


def _runs_in_words(count: int, every: int) -> str:
    which = ("this", "these") if count == every else ("the other", "the other")
    return f"{which[1]} {count:,} runs" if count > 1 else f"{which[0]} run"


def benchmark_files_faults() -> tuple[Fault, ...]:
    """Files that are not used since a question about them is open."""
    fix = "answer the question above their table, or take them back by Other files"
    asked = draft_value(UNANSWERED, []) if draft_files(RUNS) else []
    return tuple(Fault("Benchmark files", "", "", f"nothing says {what}", fix) for what in asked)
