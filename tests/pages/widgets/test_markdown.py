"""Text from files and people appears on the page unchanged."""

import pytest

from app_pages.widgets.markdown import fault_count, plain_markdown
from profiles.io.faults import Fault


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain words", "plain words"),
        ("*bold* _it_ `code`", r"\*bold\* \_it\_ \`code\`"),
        ("# head", r"\# head"),
        ("1. list", r"1\. list"),
        ("- list", r"\- list"),
        (":red[x] $y$", r"\:red\[x\] \$y\$"),
        ("a -> b", r"a \-\> b"),
        ("bell \x07", r"bell \\x07"),
    ],
)
def test_signs_of_markdown_are_escaped(text: str, escaped: str) -> None:
    assert plain_markdown(text) == escaped


def test_faults_are_counted_in_words() -> None:
    fault = Fault("a", "", "", "b", "c")
    assert [fault_count([fault] * n) for n in (1, 2)] == ["1 fault to fix", "2 faults to fix"]
