"""Front door 2: the what-if pages.

Run `streamlit run app.py` in the checkout's folder (docs/page.md).

The pages are in app_pages/, the first of them is main.py. Workers start with the server, and the
first example is solved before anybody opens the page.
"""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from app_pages.session import server

__all__ = ["app"]


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Warm up in a thread of its own while the server starts; end the workers when it stops."""
    threading.Thread(target=server.warm_up, name="warm-up", daemon=True).start()
    yield
    server.close()


app = st.App("app_pages/main.py", lifespan=lifespan)
