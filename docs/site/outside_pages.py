"""A hook of MkDocs: what documents link to outside `docs/` becomes part of the site, so that every
link holds on GitHub and in the site, and the site needs no other server.

README, CONTRIBUTING, CHANGELOG and the examples' READMEs are pages of their own (`PAGES`). A file
of source text becomes a page with the text, any other file is copied as it is. Nothing is written
to the checkout. MkDocs's own link check then sees every link, so one that leads nowhere stops a
strict build.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

HOME = Path(__file__).resolve().parents[2]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    **{
        path.relative_to(HOME).as_posix(): f"examples/{path.parent.name}.md"
        for path in sorted((HOME / "examples").glob("*/README.md"))
    },
}
"""File of the checkout -> its page in the site."""
TEXTS = {".py": "python", ".toml": "toml", ".yaml": "yaml"}
"""Endings of source text -> the language it is highlighted as."""
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")
FENCE = re.compile(r"^```.*?^```$|^ {4}[^\n]*$", re.DOTALL | re.MULTILINE)
"""Code, in which nothing is a link."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside, and every file that a page links to."""
    documents = {f"docs/{file.src_uri}": file for file in files.documentation_pages()}
    texts = {path: (HOME / path).read_text(encoding="utf-8") for path in (*documents, *PAGES)}
    for path, uri in PAGES.items():
        files.append(File.generated(config, uri, content=texts[path]))
    wanted = {
        target
        for path, text in texts.items()
        for target in _targets(path, text)
        if target not in PAGES and not target.startswith("docs/") and (HOME / target).exists()
    }
    for target in sorted(wanted):
        files.append(_outside_file(target, config))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead every link to where its target lies in the site."""
    origins = {uri: path for path, uri in PAGES.items()}
    here = page.file.src_uri
    origin = origins.get(here, f"docs/{here}")

    def led(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        if re.match(r"[a-z]+:", target):
            return found[0]
        uri = site_uri(posixpath.normpath(posixpath.join(posixpath.dirname(origin), target)))
        return posixpath.relpath(uri, posixpath.dirname(here) or ".") + anchor

    return _outside_code(markdown, lambda text: LINK.sub(led, text))


def site_uri(path: str) -> str:
    """Where a file of the checkout lies in the site."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if (HOME / path).is_dir():
        path = f"{path}/__init__.py"
    return f"source/{path}.md" if Path(path).suffix in TEXTS else f"source/{path}"


def _targets(path: str, text: str) -> Iterator[str]:
    """Paths in the checkout that a document links to."""
    for target, _ in LINK.findall(FENCE.sub("", text)):
        if not re.match(r"[a-z]+:", target):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _outside_file(path: str, config: MkDocsConfig) -> File:
    """A file of the checkout as a page with its text, or as it is."""
    uri = site_uri(path)
    if not uri.endswith(".md"):
        return File.generated(config, uri, abs_src_path=str(HOME / path))
    source = uri.removeprefix("source/").removesuffix(".md")
    text = (HOME / source).read_text(encoding="utf-8")
    language = TEXTS[Path(source).suffix]
    head = f"---\nsearch: {{exclude: true}}\n---\n# {source}\n\n"
    return File.generated(config, uri, content=f"{head}````{language}\n{text}\n````\n")


def _outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Change the text between blocks of code."""
    parts, end = [], 0
    for found in FENCE.finditer(markdown):
        parts += [change(markdown[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*parts, change(markdown[end:])])
