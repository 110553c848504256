"""One visitor of the page without a browser: Streamlit's own messages over its WebSocket.

It sends what a browser sends (values of widgets, clicks, uploads, the polls of fragments) and keeps
of the answers the widgets and texts that are on the page, so fifteen visitors cost little.
"""

import re
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

__all__ = ["PageSession"]

PATIENCE_S = 120.0
POLL_S = 0.25
"""As often as a browser asks how far a job is."""
COOKIE = "_streamlit_xsrf"


class PageSession:
    """A visitor.

    address: of the page, http://...; name: of this visitor, `visitor-` and four digits; cookies: of
    a log-in; query: of the address; strangers: how often another visitor's name was sent
    to this one; redirect: where the page has sent the browser.
    """

    def __init__(
        self, address: str, name: str, cookies: Mapping[str, str] | None = None, query: str = ""
    ) -> None:
        self.redirect, self.query = "", query
        self.address, self.name = address, name
        self.others = re.compile(name.encode()[:-4] + b"(?!" + name.encode()[-4:] + rb")\d{4}")
        self.strangers = 0
        self.widgets: dict[str, str] = {}
        self.words: list[str] = []
        self.pages: dict[str, str] = {}
        self.fragments: list[str] = []
        self.uploads: Any = None
        self.session = self.page = ""
        with urllib.request.urlopen(f"{address}/_stcore/health") as answer:  # noqa: S310 - our own server
            self.token = answer.headers["Set-Cookie"].partition(f"{COOKIE}=")[2].partition(";")[0]
        own = {COOKIE: self.token, **(cookies or {})}
        self.cookie = "; ".join(f"{key}={value}" for key, value in own.items())
        self._closing = ExitStack()
        self.socket: ClientConnection = self._closing.enter_context(
            connect(
                f"ws{address.removeprefix('http')}/_stcore/stream",
                # The token shows that the page itself connects: only then is its log-in believed.
                subprotocols=["streamlit", self.token],  # type: ignore[list-item]
                origin=address,  # type: ignore[arg-type]
                additional_headers={"Cookie": self.cookie},
                max_size=None,
            )
        )
        self.run()

    def close(self) -> None:
        """Close the tab."""
        self._closing.close()

    # ------------------------------------------------------------ what a visitor does

    def run(self, *states: WidgetState, fragment: str = "") -> None:
        """Run the page with values of widgets, and read until it is drawn."""
        message = BackMsg()
        message.rerun_script.page_script_hash = self.page
        message.rerun_script.query_string = self.query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        message.rerun_script.widget_states.widgets.extend(states)
        self.socket.send(message.SerializeToString())
        while not self._take():
            pass

    def go_to(self, page: str) -> None:
        """Open another page by the end of its address."""
        self.page = self.pages[page]
        self.run()

    def click(self, key: str) -> None:
        """Press a button."""
        self.run(WidgetState(id=self.widget(key), trigger_value=True))

    def click_and_leave(self, key: str, page: str) -> None:
        """Press a button and open another page before the server has answered."""
        for state, to in (([self.widget(key)], self.page), ([], self.pages[page])):
            message = BackMsg()
            message.rerun_script.page_script_hash = to
            message.rerun_script.widget_states.widgets.extend(
                WidgetState(id=one, trigger_value=True) for one in state
            )
            self.socket.send(message.SerializeToString())
        while not self._take() or self.page != self.pages[page]:
            pass

    def set_number(self, key: str, value: float) -> None:
        """Type a number."""
        self.run(WidgetState(id=self.widget(key), double_value=value))

    def upload(self, key: str, files: Mapping[str, bytes]) -> None:
        """Hand files over to a file uploader."""
        urls = self.upload_urls(list(files))
        state = FileUploaderState()
        for one, (name, content) in zip(urls, files.items(), strict=True):
            self.put(one.upload_url, name, content)
            info = UploadedFileInfo(name=name, size=len(content), file_id=one.file_id)
            info.file_urls.CopyFrom(one)
            state.uploaded_file_info.append(info)
        self.run(WidgetState(id=self.widget(key), file_uploader_state_value=state))

    def upload_urls(self, names: Sequence[str]) -> Sequence[Any]:
        """Where files may be sent to."""
        message, self.uploads = BackMsg(), None
        message.file_urls_request.request_id = uuid.uuid4().hex
        message.file_urls_request.file_names.extend(names)
        message.file_urls_request.session_id = self.session
        self.socket.send(message.SerializeToString())
        while self.uploads is None:
            self._take()
        return self.uploads

    def put(self, path: str, name: str, content: bytes) -> None:
        """Send a file's bytes as a browser does."""
        line, mark = b"\r\n", uuid.uuid4().hex.encode()
        head = b'Content-Disposition: form-data; name="file"; filename="%b"' % name.encode()
        body = line.join([b"--" + mark, head, b"", content, b"--" + mark + b"--", b""])
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.address}{path}", body, self.upload_headers(mark.decode()), method="PUT"
        )
        urllib.request.urlopen(request).close()  # noqa: S310

    def upload_headers(self, mark: str) -> dict[str, str]:
        """Headers of a multipart body that is divided by a mark."""
        return {
            "Content-Type": f"multipart/form-data; boundary={mark}",
            "X-Xsrftoken": self.token,
            "Cookie": self.cookie,
        }

    def wait_until(self, reached: Callable[[], bool]) -> None:
        """Poll as a browser does until something is so. TimeoutError after PATIENCE_S."""
        end = time.monotonic() + PATIENCE_S
        while not reached():
            if time.monotonic() > end:
                raise TimeoutError(f"it did not happen; the page says {self.words}")
            time.sleep(POLL_S)
            drawn = self.fragments
            for fragment in drawn or [""]:
                # Those of a page that is no longer drawn are not run any more.
                if drawn is self.fragments:
                    self.run(fragment=fragment)

    def shows(self, text: str) -> bool:
        """Whether a text is on the page."""
        return any(text in words for words in self.words)

    def widget(self, key: str) -> str:
        """The id of the widget that is drawn now under a key, `~` and a number behind it or not."""
        return next(one for own, one in self.widgets.items() if own.partition("~")[0] == key)

    # ------------------------------------------------------------ what the server says

    def _take(self) -> bool:
        """Take in one message; whether the page is drawn."""
        data = self.socket.recv(PATIENCE_S)
        if isinstance(data, str):
            raise TypeError("Streamlit sends bytes")
        self.strangers += len(self.others.findall(data))
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begin(message.new_session, partial=bool(message.metadata.run.fragment_ids))
        elif kind == "navigation":
            self.pages = {
                one.url_pathname: one.page_script_hash for one in message.navigation.app_pages
            }
        elif kind == "auth_redirect":
            self.redirect = message.auth_redirect.url
        elif kind == "auto_rerun":
            self.fragments.append(message.auto_rerun.fragment_id)
        elif kind == "file_urls_response":
            self.uploads = message.file_urls_response.file_urls
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._draw(message.delta.new_element)
        return kind == "script_finished" and message.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        )

    def _begin(self, session: Any, *, partial: bool) -> None:
        """A run begins; one of the whole page draws everything anew."""
        self.session = session.initialize.session_id or self.session
        self.page = session.page_script_hash or self.page
        if not partial:
            self.widgets, self.words, self.fragments = {}, [], []

    def _draw(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(f"the page shows an exception: {element.exception.message}")
        drawn = getattr(element, kind)
        if kind in ("markdown", "alert"):
            self.words.append(drawn.body.replace("\\", ""))
        # An id is `$$ID-HASH-KEY`.
        own = str(getattr(drawn, "id", "")).split("-", 2)
        if len(own) == 3:
            self.widgets[own[2]] = drawn.id
