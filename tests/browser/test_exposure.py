"""What the page's server gives to those who do not use it as a browser does."""

import urllib.request

from bench.page_session import PageSession
from bench.soak_page import TOO_LARGE, send_too_large
from planner.scenario.templates import TEMPLATE_TEXTS


def test_a_file_of_300_mb_is_refused_before_it_is_read(server: str) -> None:
    page = PageSession(server, "visitor-0001")
    (place,) = page.upload_urls(["scenario.yaml"])
    status, sent = send_too_large(page, place.upload_url, told=True)
    assert (status, sent) == (413, 0)
    status, sent = send_too_large(page, place.upload_url, told=False)
    assert status in (413, 0)
    assert sent < TOO_LARGE / 2
    page.close()


def test_no_visitor_is_sent_anything_of_another(server: str) -> None:
    visitors = [PageSession(server, f"visitor-{k:04d}") for k in range(2)]
    for one in visitors:
        named = {k: v.replace("my-cluster", one.name) for k, v in TEMPLATE_TEXTS.items()}
        one.go_to("inputs")
        one.upload("scenario-files", {k: v.encode() for k, v in named.items()})
        one.click("open-files")
        one.wait_until(lambda page=one: not page.shows("Reading the uploaded files"))
        one.go_to("compare")
    for one in visitors:
        one.go_to("")
        one.wait_until(lambda page=one: page.shows("20 req/s on 1 x 2 A100-PCIe-80GB"))
        assert one.strangers == 0
        one.close()


def test_metrics_name_no_visitor_and_no_input(server: str) -> None:
    page = PageSession(server, "visitor-0001")
    with urllib.request.urlopen(f"{server}/_stcore/metrics") as answer:  # noqa: S310 - our own server
        text = answer.read().decode()
    page.close()
    assert "active_sessions" in text
    assert page.session not in text
    assert "127.0.0.1" not in text
