"""The script of the documents' pictures keeps up with the page; documents show all it makes."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from docs.site.pictures import FOLDER, HEIGHT, PAGE_PICTURES, WIDTH, draw_page_picture
from tests.support.paths import HOME


@pytest.mark.slow
def test_a_picture_is_made_of_the_page(server: str, chromium: Browser, tmp_path: Path) -> None:
    file = draw_page_picture(chromium, server, "plan", tmp_path)
    picture = Image.open(file).convert("RGB")
    assert picture.size == (WIDTH, HEIGHT)
    colours = len(picture.quantize(64).getcolors() or ())
    assert colours > 10, "an empty page"


def test_every_picture_is_shown_and_small() -> None:
    texts = [path.read_text("utf-8") for path in (HOME / "docs").rglob("*.md")]
    texts.append((HOME / "README.md").read_text("utf-8"))
    shown = {
        Path(name).name for text in texts for name in re.findall(r"!\[[^\]]+\]\((\S+)\)", text)
    }
    made = {*(f"{name}.webp" for name in PAGE_PICTURES), "workbook.webp", "packages.svg"}
    there = {path.name for path in FOLDER.iterdir() if path.suffix in (".webp", ".svg")}
    assert shown == made == there
    assert all(path.stat().st_size < 150_000 for path in FOLDER.iterdir())
