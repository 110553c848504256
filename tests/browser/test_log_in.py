"""Two people sign in at an OpenID provider, the server is killed in the middle of a solve and
started again: each finds their own work, and nothing of the other. Who is not signed in sees a page
that is accessible as all others are (`test_access`).
"""

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bench.instances import write_own
from bench.page_session import PageSession
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.browser.conftest import Visitor, free_port, page_process
from tests.browser.test_access import check_page
from tests.support.kept.openid_provider import (
    CLIENT,
    SECRET,
    USERS,
    OpenidProvider,
    running_provider,
    signed_in_cookies,
)


def write_secrets(folder: Path, port: int, provider: OpenidProvider) -> Path:
    """What whoever runs the server writes."""
    path = folder / "secrets.toml"
    path.write_text(
        "[auth]\n"
        f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        'cookie_secret = "a secret of the tests, long enough"\n'
        f'client_id = "{CLIENT}"\n'
        f'client_secret = "{SECRET}"\n'
        f'server_metadata_url = "{provider.address}/.well-known/openid-configuration"\n',
        encoding="utf-8",
    )
    return path


def upload(page: PageSession, files: dict[str, bytes]) -> None:
    page.go_to("inputs")
    page.upload("scenario-files", files)
    page.click("open-files")
    page.wait_until(lambda: not page.shows("Reading the uploaded files"))


def long_search(folder: Path, name: str) -> dict[str, bytes]:
    """A scenario whose search takes minutes."""
    write_own("fleet12x256", 0, 0.0, folder)
    names = ("scenario.yaml", "profiles.csv", "scores.parquet")
    files = {one: (folder / one).read_bytes() for one in names}
    lines = files["scenario.yaml"].decode().splitlines()
    changed = {
        "name": name,
        "arrival_rate_rps": "1000",
        "solver": "{rel_gap: 0.0, time_limit_s: 600}",
    }
    kept = [line for line in lines if line.partition(":")[0] not in changed]
    kept += [f"{key}: {value}" for key, value in changed.items()]
    return files | {"scenario.yaml": "\n".join(kept).encode()}


def check_sign_in_page(browser: Browser, address: str) -> None:
    """What who is not signed in sees, in a browser, light and dark."""
    person = Visitor(browser, address)
    page = person.open()
    page.get_by_role("button", name="Sign in", exact=True).wait_for()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        check_page(page, "Sign in")
    person.context.close()
    assert person.troubles == []


@pytest.mark.slow
def test_two_people_find_their_own_work_after_the_server_was_killed(
    tmp_path: Path, chromium: Browser
) -> None:
    port = free_port()
    with running_provider() as provider:
        options = ("--secrets.files", str(write_secrets(tmp_path, port, provider)))
        with page_process(port, *options) as (process, address):
            stranger = PageSession(address, "visitor-0000")
            assert stranger.shows("Sign in to plan")
            assert "solve" not in stranger.widgets
            assert set(stranger.pages) == {""}
            check_sign_in_page(chromium, address)
            stranger.click("sign-in-default")
            signed_in = [signed_in_cookies(address, stranger.redirect, user) for user in USERS]
            anna, berta = (
                PageSession(address, f"visitor-000{k}", cookies)
                for k, cookies in enumerate(signed_in, 1)
            )
            for one, name in ((anna, "Anna Ärlig"), (berta, "Berta *Bold*")):
                assert one.shows(f"Signed in as {name}")
                named = {k: v.replace("my-cluster", one.name) for k, v in TEMPLATE_TEXTS.items()}
                upload(one, {k: v.encode() for k, v in named.items()})
                one.wait_until(lambda page=one: not page.shows("Solving. "))
                one.go_to("export")
                one.click("share-plan")
                one.wait_until(lambda page=one: page.shows("Kept as number"))
                one.go_to("library")
                assert one.shows("You see your own records")
            upload(anna, long_search(tmp_path, anna.name))
            anna.wait_until(lambda: anna.shows("Solving. "))
            os.killpg(process.pid, signal.SIGKILL)
            for one in (stranger, anna, berta):
                one.close()
                assert one.strangers == 0
        with page_process(port, *options) as (_, address):
            anna, berta = (
                PageSession(address, f"visitor-000{k}", cookies)
                for k, cookies in enumerate(signed_in, 1)
            )
            for one, state in ((anna, " (not solved yet)"), (berta, "")):
                words = f"**Work of an earlier visit**: uploaded: {one.name}{state}, "
                one.wait_until(lambda page=one, words=words: page.shows(words))
                one.click("resume-draft")
                one.wait_until(lambda page=one: not page.shows("Work of an earlier visit"))
            anna.wait_until(lambda: anna.shows("Solving. "))
            assert berta.shows("20 req/s on 1 x 2 A100-PCIe-80GB")
            assert not berta.shows("out of date")
            for one in (anna, berta):
                one.go_to("library")
                one.close()
                assert one.strangers == 0
