"""Names of a deployment: what a scenario calls its LLMs and pools, made fit for host names,
services, variables and comments.

A scenario's names are free text. Labels here are DNS-1123 labels that begin with a letter: they do
as compose services, Kubernetes objects, served model names and file names. Two names never
get one label.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

__all__ = ["deployment_labels", "deployment_variable_name", "one_line"]

DIGITS = (6, 10, 14)
"""Hexadecimal digits of a name's hash where its label alone would not be unique: as few as suffice.
"""


def deployment_labels(
    names: Iterable[str], most: int, reserved: Iterable[str] = ()
) -> dict[str, str]:
    """Label of every name, at most `most` characters; what had to be cut, is taken or would meet
    another's ends in a part of its hash.

    Which label a name gets does not depend on the order of the names.
    """
    wanted = {name: _plain_deployment_name(name) for name in names}
    counts, taken = Counter(wanted.values()), set(reserved)
    whole = {
        name
        for name, label in wanted.items()
        if counts[label] == 1 and len(label) <= most and label not in taken
    }
    for digits in DIGITS:
        chosen = {
            name: label if name in whole else _hashed(name, label, most, digits)
            for name, label in wanted.items()
        }
        if len(set(chosen.values()) | taken) == len(chosen) + len(taken):
            return chosen
    raise ValueError(f"no different labels of {most} characters for {len(wanted)} names")


def deployment_variable_name(*parts: str) -> str:
    """Name of a shell variable from labels, e.g. MODEL_YI_34B; different labels give different
    names.
    """
    return "_".join(part.upper().replace("-", "_") for part in parts)


def one_line(text: str, width: int = 200) -> str:
    """Text that is safe in a comment: on one line, every character printable, cut at `width`."""
    line = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return line if len(line) <= width else line[: width - 3] + "..."


def _plain_deployment_name(name: str) -> str:
    """Lower case letters, digits and single hyphens of a name, beginning with a letter; `x` when
    nothing of it is left.
    """
    ascii_text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    label = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return label if label[:1].isalpha() else f"x-{label}".strip("-")


def _hashed(name: str, label: str, most: int, digits: int) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return f"{label[: most - digits - 1].rstrip('-')}-{digest}"
