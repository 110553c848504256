"""The documents' pictures, made from the running product, so that they show it as it is.

    make pictures
    python -m docs.site.pictures plan inputs        (some of them)

The page is served and opened in Debian's Chromium, the workbook is planned, written and opened in
LibreOffice and Poppler, the diagram of packages is drawn by Graphviz. A test
(`tests/browser/test_pictures.py`) makes one picture, so that this file keeps up with the page.
"""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import chromium_of_tests, goto, page_server, settled
from tests.support.office import resaved
from tests.support.planner_run import run_planner

__all__ = ["PAGE_PICTURES", "draw_page_picture"]

FOLDER = Path(__file__).resolve().parents[1] / "pictures"
HOME = FOLDER.parents[1]
WIDTH, HEIGHT = 1280, 900
"""Of the browser's window, in pixels: the first screen of a small laptop."""
DOTS_PER_INCH = 90
"""Of a printed sheet."""
AT_REST = "[data-testid=stStatusWidget] { visibility: hidden }"
"""The page works out exact values while nobody clicks, and says so in its corner."""
QUALITY = 82
"""Of a WebP picture: words stay sharp, and a page takes 40 to 80 kB."""


def _show_plan(page: Page) -> None:
    """The first screen as the page opens, with verdict, GPU map and setup."""


def _show_inputs(page: Page) -> None:
    goto(page, "Inputs")


PAGE_PICTURES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "plan": ("?example=two-gpu-types", _show_plan),
    "inputs": ("?example=day", _show_inputs),
}
"""Name of a picture -> address of the page, and what is done before the picture is taken."""


def draw_page_picture(browser: Browser, server: str, name: str, folder: Path) -> Path:
    """Take one picture of the page; its file, NAME.webp.

    The scenario of the address is solved first, so that no picture shows a page at work.
    """
    address, show = PAGE_PICTURES[name]
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    try:
        page = context.new_page()
        page.goto(f"{server}/{address}")
        page.locator("h1").first.wait_for()
        settled(page)
        for button in page.get_by_role("button", name="Solve", exact=True).all()[:1]:
            if button.is_enabled() and page.get_by_text("There is no plan yet").count():
                button.click()
                page.get_by_text("There is no plan yet").wait_for(state="hidden")
                settled(page)
        show(page)
        settled(page)
        page.wait_for_timeout(1_000)  # charts are drawn in their own frames
        return _save_picture(
            Image.open(io.BytesIO(page.screenshot(style=AT_REST))), folder / f"{name}.webp"
        )
    finally:
        context.close()


def draw_workbook_picture(folder: Path) -> Path:
    """Plan the first example, write its workbook, and take the printed Summary; workbook.webp."""
    with TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.xlsx"
        scenario = HOME / "examples" / "paper-trio" / "scenario.yaml"
        done = run_planner(["plan", str(scenario), "--quiet", "--xlsx", str(report)], HOME)
        if done.returncode:
            raise SystemExit(done.stderr)
        pages = resaved(report, Path(temporary), "pdf")
        command = ["pdftoppm", "-singlefile", "-png", "-r", str(DOTS_PER_INCH), pages, pages]
        subprocess.run(command, check=True)  # noqa: S603
        return _save_picture(Image.open(f"{pages}.png"), folder / "workbook.webp")


def draw_package_picture(folder: Path) -> Path:
    """Draw packages.dot; packages.svg."""
    source, file = FOLDER / "packages.dot", folder / "packages.svg"
    subprocess.run(["dot", "-Tsvg", source, "-o", file], check=True)  # noqa: S603, S607
    return file


def _save_picture(picture: Image.Image, file: Path) -> Path:
    picture.save(file, quality=QUALITY, method=6)
    return file


def main(names: Sequence[str]) -> None:
    """Make the named pictures, or all of them."""
    others = {"workbook": draw_workbook_picture, "packages": draw_package_picture}
    wanted = names or [*PAGE_PICTURES, *others]
    with contextlib.ExitStack() as stack:
        if set(wanted) & PAGE_PICTURES.keys():
            server = stack.enter_context(page_server())
            browser = stack.enter_context(chromium_of_tests())
        for name in wanted:
            file = (
                others[name](FOLDER)
                if name in others
                else draw_page_picture(browser, server, name, FOLDER)
            )
            print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
