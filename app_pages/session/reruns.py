"""Clicks that follow each other faster than the page is drawn: none is lost, and none undoes what
another did.

Keys: a browser sends all its widgets with every click. A click that leaves before the browser has
heard that a value changed elsewhere (another widget, a point that is opened, a plan that is loaded)
brings the old value back, as if it had just been typed. So the widget gets another key then,
and events of the old key are ignored.

Values: a value that a script gives a widget takes the place of what stands in the browser, also of
what a person has entered while that script ran. So it is given only until the browser has sent it
with a click, and again after a run that drew another page: `fill_widget_across_reruns`, and
`fill_key_across_reruns` for a key that stays. Once would be too little, for of two runs that follow
each other fast the browser may see the second alone.

Callbacks: when the next click arrives, Streamlit leaves the callback of the last one at its next
look into `st.session_state`, and what it had still to do is lost. So a callback is
`survive_reruns`: it is done again from its start before the next click is handled. What takes a
moment is not done in a callback but deferred, and again while a next click interrupts it.

Runs: Streamlit drops a click whose run has not yet handled its callbacks when the next one comes,
in two places. With fast reruns it never merges two clicks; `runner.fastReruns = false` in
.streamlit/config.toml does. And a run looks for newer clicks before it takes its own one in;
`take_clicks_in_first` turns that round.

Place: a run that follows a fragment's in the same thread draws inside that fragment's container,
not at the top of the page (Streamlit 1.67 resets the place only where the fragment was interrupted,
and without fast reruns the thread is the same). The browser then has a whole page inside the
progress box and loses everything as soon as the box is redrawn. `leave_fragment_before_rerun`
resets it.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import streamlit as st
from streamlit.delta_generator_singletons import context_dg_stack, get_default_dg_stack_value
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.state.common import user_key_from_element_id
from streamlit.runtime.state.safe_session_state import SafeSessionState

__all__ = [
    "accept_value_across_reruns",
    "begin_fields_of_rerun",
    "defer",
    "fill_key_across_reruns",
    "fill_widget_across_reruns",
    "leave_fragment_before_rerun",
    "run_deferred_before_rerun",
    "survive_reruns",
    "take_clicks_in_first",
    "widget_key_across_reruns",
]

SENT, FILLED, FILLED_BEFORE = "sent-keys", "filled-keys", "filled-keys-before"
"""Keys of the widgets whose values came with the last click; of those that this run gave values or
left as they were; and the same of the run before.
"""

P = ParamSpec("P")
R = TypeVar("R")


def leave_fragment_before_rerun() -> None:
    """Let this run draw from the top of the page, whatever ran before it in the same thread."""
    context_dg_stack.set(get_default_dg_stack_value())


def begin_fields_of_rerun() -> None:
    """Begin a run: what the last one drew stands in the browser."""
    st.session_state[FILLED_BEFORE] = st.session_state.get(FILLED, frozenset())
    st.session_state[FILLED] = frozenset()


def take_clicks_in_first() -> None:
    """Let every run of this server take in its own click, callbacks included, before it looks for
    newer ones, which it does right after. Done twice, it is as once.
    """
    SafeSessionState.on_script_will_rerun = _take_click_in  # type: ignore[method-assign,assignment]


def _take_click_in(session: SafeSessionState, *args: Any, **kwargs: Any) -> None:
    states = args[0] if args else None
    with session._lock:
        session._state.on_script_will_rerun(*args, **kwargs)
        if isinstance(states, WidgetStates):
            keys = frozenset(user_key_from_element_id(one.id) for one in states.widgets)
            session._state[SENT] = keys


def survive_reruns(action: Callable[P, R]) -> Callable[P, R]:
    """A callback, or a part of the script, that is never left half done; begun again after a part
    of it, it must do the same as at once.
    """

    @wraps(action)
    def finish_despite_reruns(*args: P.args, **kwargs: P.kwargs) -> R:
        newer: list[RerunData] = []
        while True:
            try:
                result = action(*args, **kwargs)
            except RerunException as error:
                newer.append(error.rerun_data)
            else:
                break
        if newer:
            raise RerunException(_merge_reruns(newer))
        return result

    return finish_despite_reruns


def _merge_reruns(clicks: Sequence[RerunData]) -> RerunData:
    """What is to be handled after several clicks, oldest first: their buttons, the last one's page
    and values.
    """
    requests = ScriptRequests()
    for click in clicks:
        requests.request_rerun(click)
    return requests.on_scriptrunner_ready().rerun_data


def defer(action: Callable[..., None], *args: Any) -> None:
    """Run an action before the page is drawn next."""
    st.session_state["deferred"] = (action, args)


def run_deferred_before_rerun() -> None:
    """Run the deferred action; called once, before a page is drawn.

    A next click that interrupts it leaves it to do; an error drops it, and is raised once.
    """
    if deferred := st.session_state.get("deferred"):
        action, args = deferred
        try:
            action(*args)
        except Exception:
            st.session_state["deferred"] = None
            raise
        st.session_state["deferred"] = None


def widget_key_across_reruns(name: str, value: Any) -> str:
    """The key under which a widget that shows `value` is drawn now."""
    last, number = _keys().get(name, (value, 0))
    if last != value:
        number += 1
    _keys()[name] = (value, number)
    return _numbered(name, number)


def fill_widget_across_reruns(name: str, value: Any) -> str:
    """Let a widget show `value` when it is drawn next, and return its key."""
    key = widget_key_across_reruns(name, value)
    fill_key_across_reruns(key, value)
    return key


def fill_key_across_reruns(key: str, value: Any) -> None:
    """Let the widget of a key show `value` when it is drawn next."""
    session = st.session_state
    known = all(key in session.get(keys, ()) for keys in (SENT, FILLED_BEFORE))
    session[FILLED] = session.get(FILLED, frozenset()) | {key}
    if not known or key not in session or session[key] != value:
        session[key] = value


def accept_value_across_reruns(name: str, key: str, value: Any) -> bool:
    """Whether a value counts, sent under `key`: then the widget that is drawn now sent it, and it
    keeps its key.
    """
    _, number = _keys().get(name, (value, 0))
    if key != _numbered(name, number):
        return False
    _keys()[name] = (value, number)
    return True


def _numbered(name: str, number: int) -> str:
    return f"{name}~{number}" if number else name


def _keys() -> dict[str, tuple[Any, int]]:
    return st.session_state.setdefault("widget-keys", {})
