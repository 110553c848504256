"""Text on the page: whatever comes from files or people is written so that Markdown leaves it as it
is.
"""

import re
from collections.abc import Iterable

import streamlit as st

from app_pages.jobs.messages import Outcome
from profiles.io.faults import Fault

__all__ = ["bullets", "faults_box", "not_done", "plain"]

SIGNS = re.compile(r"[\\`*_\[\]<>~$:&#|]|-(?=[->])|(?<=[-<])-")
"""Signs that Markdown (and Streamlit's own colours, icons and arrows) would read."""


def plain(text: object) -> str:
    """Text as Markdown shows it unchanged: control characters by their codes, the signs of Markdown
    escaped.
    """
    told = str(text)
    if not told.isprintable():
        told = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in told)
    told = SIGNS.sub(lambda found: "\\" + found[0], told)
    if found := re.match(r"(\d+)([.)])", told):
        return f"{found[1]}\\{told[found.end(1) :]}"
    return "\\" + told if told[:1] in ("-", "+", "=") else told


def bullets(lines: Iterable[object]) -> None:
    """A list of sentences."""
    told = "\n".join(f"- {plain(line)}" for line in lines)
    if told:
        st.markdown(told)


def faults_box(faults: Iterable[Fault], head: str, folder: str = "") -> None:
    """All faults at once, each with its place and how to mend it.

    folder: what is left out of file names.
    """
    told = [str(fault).replace(folder, "") if folder else str(fault) for fault in faults]
    st.error(f"**{plain(head)}**\n\n" + "\n".join(f"- {plain(line)}" for line in told))


def not_done(done: Outcome, head: str, folder: str) -> None:
    """Why a job gave no result: its faults under a head, or in words.

    folder: what is left out of file names.
    """
    if done.kind == "faults":
        faults_box(
            done.faults,
            f"{head}: {len(done.faults)} {'faults' if len(done.faults) > 1 else 'fault'} to mend",
            folder,
        )
    else:
        st.warning(plain(done.message or "Stopped."))
