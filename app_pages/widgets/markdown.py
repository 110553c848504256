"""Text on the page: text from files or people is escaped so that Markdown leaves it
unchanged.
"""

import re
from collections.abc import Iterable, Sequence

import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from profiles.io.faults import Fault

__all__ = [
    "failure_markdown_box",
    "fault_count",
    "faults_markdown_box",
    "markdown_bullets",
    "plain_markdown",
]

SIGNS = re.compile(r"[\\`*_\[\]<>~$:&#|]|-(?=[->])|(?<=[-<])-")
"""Signs that Markdown (and Streamlit's own colours, icons and arrows) would read."""


def plain_markdown(text: object) -> str:
    """Text as Markdown shows it unchanged: control characters by their codes, the signs of Markdown
    escaped.
    """
    shown = str(text)
    if not shown.isprintable():
        shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in shown)
    shown = SIGNS.sub(lambda sign: "\\" + sign[0], shown)
    if numbered := re.match(r"(\d+)([.)])", shown):
        return f"{numbered[1]}\\{shown[numbered.end(1) :]}"
    return "\\" + shown if shown[:1] in ("-", "+", "=") else shown


def markdown_bullets(lines: Iterable[object]) -> None:
    """A list of sentences."""
    text = "\n".join(f"- {plain_markdown(line)}" for line in lines)
    if text:
        st.markdown(text)


def faults_markdown_box(faults: Iterable[Fault], head: str, folder: str = "") -> None:
    """All faults at once, each with its place and its fix.

    folder: what is left out of file names.
    """
    lines = [str(fault).replace(folder, "") if folder else str(fault) for fault in faults]
    st.error(
        f"**{plain_markdown(head)}**\n\n" + "\n".join(f"- {plain_markdown(line)}" for line in lines)
    )


def fault_count(faults: Sequence[Fault]) -> str:
    """How many faults there are, in words."""
    return f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'} to fix"


def failure_markdown_box(done: JobOutcome, head: str, folder: str) -> None:
    """Why a job gave no result: its faults under a head, or its message.

    folder: what is left out of file names.
    """
    if done.kind is OutcomeKind.FAULTS:
        faults_markdown_box(done.faults, f"{head}: {fault_count(done.faults)}", folder)
    else:
        st.warning(plain_markdown(done.message or "Stopped."))
