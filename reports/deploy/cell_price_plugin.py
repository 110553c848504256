"""LiteLLM by classes and cases: a request for the fleet goes to the LLM of the highest score -
price of its class in the case that is served now, and to one of that LLM's lanes by their parts.

In the same folder: router_policy.json (prices and lanes), router.py (the rule), clock.csv.

In the proxy   `callbacks: [cell_price_plugin.proxy_hook]` in config.yaml: a request for `fleet` is
               given the model group of its lane

**Class** of a request, the first that names one of the plan's:
    1. the key that it came with: `metadata: {"request_class": ...}` of the key
    2. its header `x-request-class`
    3. `metadata: {"request_class": ...}` of the request
    else the default class of the policy.

**Case** that is served, the first that there is:
    1. the file case.now: a case, and where nodes are lost the position of the loss (`node-lost 1`)
    2. clock.csv: `from,case`, the time of day (HH:MM, in the time zone TZ) from when on
    3. PLAN_CASE in the environment
    else the policy's first case. Both files are read again when they change.

Scores come from a predictor: anything with `scores(prompt, prompt_id, request_class) -> {LLM:
score}`, on the scale of the class's scores. Without one the planned fractions decide, at random.

    SCORES_TABLES         class=file,class=file: CSV with prompt_id and one column per LLM
    SCORE_PREDICTOR       module:attribute of your own predictor
    PLAN_CORRECT_SECONDS  correct the prices of a class by what each LLM got, once per this many
                          seconds and 300 requests of it (default 60); 0 = never

A request names its prompt by `metadata: {"prompt_id": ...}`; else its last user message is used.
The id only decides ties and lanes.
"""

import csv
import importlib
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from litellm.integrations.custom_logger import CustomLogger
from router import CellRouter

__all__ = ["CellPrice", "ClassPredictor", "proxy_hook"]

FOLDER = Path(__file__).parent
FLEET = "fleet"
CLASS_HEADER = "x-request-class"
CORRECT_SECONDS, LEAST_REQUESTS = 60.0, 300
"""An interval is at least so long, and holds at least so many requests of a class."""
LOG = logging.getLogger(__name__)


class ClassPredictor(Protocol):
    """What must be supplied: how good each LLM's answer is expected to be."""

    def scores(self, prompt: str, prompt_id: str, request_class: str) -> Mapping[str, float]:
        """Scores by LLM, named as in the scenario; {} where nothing is known."""


class ClassTables:
    """Scores looked up by class and prompt id. files: class -> CSV."""

    def __init__(self, files: Mapping[str, str | os.PathLike[str]]) -> None:
        self._rows = {name: self._read(path) for name, path in files.items()}

    @staticmethod
    def _read(path: str | os.PathLike[str]) -> dict[str, dict[str, float]]:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            return {
                row["prompt_id"]: {
                    llm: float(score)
                    for llm, score in row.items()
                    if llm not in ("prompt_id", "weight") and score and not score.isalpha()
                }
                for row in csv.DictReader(stream)
            }

    def scores(self, prompt: str, prompt_id: str, request_class: str) -> Mapping[str, float]:
        """Scores of a known prompt of a class."""
        return self._rows.get(request_class, {}).get(prompt_id, {})


class CaseNow:
    """Which case is served: by a file, a clock or the environment. now: minutes since midnight."""

    def __init__(self, folder: Path, otherwise: str, now: Callable[[], int]) -> None:
        self._files = folder / "case.now", folder / "clock.csv"
        self._otherwise, self._now = otherwise, now
        self._read: dict[Path, tuple[float, str]] = {}

    def words(self) -> str:
        """A case, and after a space the position of a loss; "" where nothing says one."""
        override = self._text(self._files[0]).strip()
        return override or self._by_clock(self._text(self._files[1])) or self._otherwise

    def _text(self, path: Path) -> str:
        """Content of a file, read when it has changed; "" where it is missing."""
        try:
            changed = path.stat().st_mtime
            if self._read.get(path, (None, ""))[0] != changed:
                self._read[path] = changed, path.read_text(encoding="utf-8-sig")
            return self._read[path][1]
        except OSError:
            return ""

    def _by_clock(self, text: str) -> str:
        """The case of the last line whose time has come, else of the last line of the day."""
        rows = []
        lines = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
        for row in csv.DictReader(lines):
            hour, _, minute = (row.get("from") or "").partition(":")
            if hour.isdigit() and minute.isdigit() and row.get("case"):
                rows.append((60 * int(hour) + int(minute), row["case"].strip()))
        rows.sort()
        due = [case for start, case in rows if start <= self._now()]
        return due[-1] if due else rows[-1][1] if rows else ""


class CellPrice(CustomLogger):
    """Chooses LLM and lane of a request. correct: seconds of an interval, 0 = never."""

    def __init__(
        self,
        router: CellRouter,
        predictor: ClassPredictor | None,
        case_now: CaseNow,
        correct: float = CORRECT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.router, self.predictor, self._case_now = router, predictor, case_now
        self._correct, self._clock = correct, clock
        self._counts: dict[tuple[str, str, int | None], tuple[float, Counter[str]]] = {}
        self._words = ""

    @classmethod
    def from_environment(cls) -> "CellPrice":
        """Read the policy in the folder of this file, and the environment."""
        return cls(
            CellRouter.load(FOLDER / "router_policy.json"),
            predictor_of(os.environ),
            CaseNow(FOLDER, os.environ.get("PLAN_CASE", ""), minute_of_day),
            correct=float(os.environ.get("PLAN_CORRECT_SECONDS") or CORRECT_SECONDS),
        )

    def use_case_now(self) -> None:
        """Serve the case that is due; an unknown one is logged once and changes nothing."""
        words = self._case_now.words()
        if words == self._words:
            return
        self._words = words
        case, _, loss = words.rpartition(" ")
        if words in self.router.cases or not loss.isdigit():
            case, loss = words, ""
        if words:
            try:
                self.router.use(case, int(loss) if loss else None)
            except ValueError as error:
                LOG.warning("case.now, clock.csv or PLAN_CASE: %s", error)

    def group_of(self, request_class: str | None, prompt: str, prompt_id: str) -> str:
        """The model group of a request; the fleet where the plan routes none of its class."""
        self.use_case_now()
        name = request_class if request_class in self.router.classes else None
        name = name or self.router.default_class
        scores = {} if self.predictor is None else self.predictor.scores(prompt, prompt_id, name)
        try:
            choice = self.router.choose(scores, prompt_id, name)
        except LookupError:
            return FLEET
        self._count(name, choice.llm)
        return choice.lane

    def _count(self, request_class: str, llm: str) -> None:
        """At the end of an interval correct the prices of the class by what each LLM got."""
        key = request_class, self.router.case, self.router.loss
        since, counts = self._counts.setdefault(key, (self._clock(), Counter()))
        counts[llm] += 1
        late = self._clock() - since >= self._correct and counts.total() >= LEAST_REQUESTS
        if self._correct and late:
            prices = self.router.router(request_class)
            if prices.ramp:
                prices.correct({name: counts[name] for name in prices.llms})
            self._counts[key] = self._clock(), Counter()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict, call_type: Any
    ) -> dict:
        """The proxy's hook: give a request for the fleet the model group of its lane."""
        if data.get("model") == FLEET:
            metadata = data.get("metadata")
            stated = metadata if isinstance(metadata, Mapping) else {}
            prompt = last_user_text(data.get("messages") or data.get("prompt"))
            prompt_id = str(stated.get("prompt_id") or prompt)
            data["model"] = self.group_of(
                self._class_of(user_api_key_dict, data), prompt, prompt_id
            )
        return data

    def _class_of(self, key: Any, data: Mapping[str, Any]) -> str | None:
        """The class of a request: its key's, its header's, its own."""
        request = data.get("proxy_server_request")
        headers = request.get("headers") if isinstance(request, Mapping) else None
        stated = [
            (getattr(key, "metadata", None) or {}, "request_class"),
            (headers or {}, CLASS_HEADER),
            (data.get("metadata") or {}, "request_class"),
        ]
        for source, name in stated:
            if isinstance(source, Mapping):
                found = {str(k).lower(): value for k, value in source.items()}.get(name)
                if found in self.router.classes:
                    return str(found)
        return None


def last_user_text(messages: object) -> str:
    """Text of the last user message; of a bare prompt, the prompt."""
    if not isinstance(messages, list):
        return str(messages or "")
    prompts = [
        message
        for message in messages
        if isinstance(message, Mapping) and message.get("role") == "user"
    ]
    content = prompts[-1].get("content") if prompts else ""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return str(content or "")


def minute_of_day() -> int:
    """Minutes since midnight, local time."""
    now = time.localtime()
    return 60 * now.tm_hour + now.tm_min


def predictor_of(environment: Mapping[str, str]) -> ClassPredictor | None:
    """The predictor that the environment names."""
    if place := environment.get("SCORE_PREDICTOR"):
        module, _, attribute = place.partition(":")
        found: ClassPredictor = getattr(importlib.import_module(module), attribute)
        return found
    tables = environment.get("SCORES_TABLES")
    if not tables:
        return None
    return ClassTables(dict(entry.split("=", 1) for entry in tables.split(",")))


proxy_hook = CellPrice.from_environment()
