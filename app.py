"""Front door 2: the what-if pages.

`llm-planner app` starts it; in a checkout, `streamlit run app.py` does the same (docs/page.md).

The pages are in app_pages/, the first of them is main.py. Workers start with the server, and the
first example is solved before anybody opens the page.
"""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

import app_pages
from app_pages.session import server

__all__ = ["app"]


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Warm up in a thread of its own while the server starts; end the workers when it stops."""
    threading.Thread(target=server.warm_up_server, name="warm-up", daemon=True).start()
    yield
    server.close()


# By the package, as a wheel packs this file into another folder.
app = st.App(Path(app_pages.__path__[0], "main.py"), lifespan=lifespan)
