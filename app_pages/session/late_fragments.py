"""Runs of fragments that come when their page is left already: they are dropped.

A progress line asks for a run of its fragment four times a second, and says on which page. Asked
just before the page changes, that run comes after it, and Streamlit 1.67

- runs it under the page that was left: the browser takes everything off the new page, and what the
  fragment then draws has no place ("Bad delta path index"), so that the page stays white;
- merges it into a click that waits, and opens the page that was left in place of the new one.

A new page draws progress lines of its own, and a whole run draws all of them: nothing is lost.
"""

from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType

__all__ = ["drop_late_fragments"]

_RUN = ScriptRunner._run_script
_REQUEST = ScriptRequests.request_rerun


def drop_late_fragments() -> None:
    """Let this server drop such runs. Done twice, it is as once."""
    ScriptRunner._run_script = _run_unless_late  # type: ignore[method-assign,assignment]
    ScriptRequests.request_rerun = _request_unless_late  # type: ignore[method-assign,assignment]


def _run_unless_late(runner: ScriptRunner, rerun_data: RerunData) -> None:
    page = runner._pages_manager.current_page_script_hash
    if rerun_data.fragment_id_queue and rerun_data.page_script_hash not in ("", page):
        return
    _RUN(runner, rerun_data)


def _request_unless_late(requests: ScriptRequests, new_data: RerunData) -> bool:
    with requests._lock:
        waiting = requests._rerun_data if requests._state is ScriptRequestType.RERUN else None
    if new_data.is_auto_rerun and waiting is not None and not waiting.fragment_id_queue:
        return True  # a whole run comes
    return _REQUEST(requests, new_data)
