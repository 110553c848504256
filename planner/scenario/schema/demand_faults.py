"""Faults of rules between the keys of classes, cases, setups by case and LLMs outside, also where
other keys of the scenario are faulty.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from planner.scenario.schema.faults import BLANK_PROBLEM, schema_fault_entries
from planner.scenario.schema.pool_faults import most_pool_nodes
from profiles.io.faults import Fault, fault_spelling_guess, shown_in_fault

__all__ = ["demand_schema_faults"]

TOKEN_PRICES = {
    "usd_per_1m_input_tokens": "input_tokens",
    "usd_per_1m_output_tokens": "output_tokens",
}
"""Price of an LLM outside -> key of a class that it needs."""
CLUSTER_KEYS = {"weights_gib": (None,), "min_replicas": (None, 0), "max_replicas": (None,)}
"""Keys of LLMs of the cluster, and what they hold where nothing is stated."""


def demand_schema_faults(
    content: Mapping[str, Any], file: str, overrides: Mapping[str, Any]
) -> list[Fault]:
    """All faults. overrides: dotted path -> value, as they are in `content` already."""
    check = _DemandCheck(content, file, tuple(overrides))
    check.rates_once()
    check.rates_of_cases()
    check.something_arrives()
    check.lost_nodes()
    check.setups_of_cases()
    check.classes()
    check.llms_outside()
    return check.found


@dataclass
class _DemandCheck:
    """A scenario's content, what is known of it, and the faults found so far."""

    content: Mapping[str, Any]
    file: str
    overrides: Sequence[str]
    found: list[Fault] = field(default_factory=list)

    def add(self, where: str, value: object, problem: str, fix: str) -> None:
        """Add a fault. value: as in the content, "" for nothing to show."""
        shown = "" if isinstance(value, str) and not value else shown_in_fault(value)
        self.found.append(Fault(self.file, where, shown, problem, fix))

    @cached_property
    def class_entries(self) -> list[dict[str, Any]]:
        """Classes as stated; [] where there are none."""
        return schema_fault_entries(self.content, "classes")

    @cached_property
    def class_names(self) -> list[str]:
        """Names of the classes."""
        return _names(self.class_entries)

    @cached_property
    def case_entries(self) -> list[dict[str, Any]]:
        """Cases as stated; [] where there are none."""
        return schema_fault_entries(self.content, "cases")

    @cached_property
    def llm_entries(self) -> list[dict[str, Any]]:
        """LLMs as stated."""
        return schema_fault_entries(self.content, "llms")

    def rates_once(self) -> None:
        """Rates are in one place: arrival_rate_rps, cases, or cases with a table."""
        rate, table = self.content.get("arrival_rate_rps"), self.content.get("demand")
        if self.case_entries and rate is not None:
            problem = "the rates are those of the cases"
            fix = "delete arrival_rate_rps, or delete cases"
            if "arrival_rate_rps" in self.overrides:
                fix = "set cases.0.arrival_rate_rps (or cases.0.arrival_rate_rps.CLASS) instead"
            self.add("arrival_rate_rps", rate, problem, fix)
        elif not self.case_entries and rate is None and self.content.get("cases") is None:
            if "arrival_rate_rps" in self.content:
                self.add(
                    *("arrival_rate_rps", None, "this must be a number"),
                    "write a number without quotes",
                )
            else:
                fix = "add it (requests offered in all, req/s)"
                self.add("arrival_rate_rps", "", BLANK_PROBLEM, fix)
        elif not self.case_entries and rate is not None:
            self.rates("arrival_rate_rps", rate)
        if table is not None:
            for key, what in (("cases", self.case_entries), ("classes", self.class_entries)):
                if not what:
                    problem = f"a table of rates needs {key}"
                    self.add("demand", table, problem, f"add {key} with the names in the table")

    def rates_of_cases(self) -> None:
        """Every case has the rates of all classes, or the table has them."""
        for i, case in enumerate(self.case_entries):
            where, rate = f"cases.{i}.arrival_rate_rps", case.get("arrival_rate_rps")
            if self.content.get("demand") is None:
                if rate is None:
                    self.add(where, "", BLANK_PROBLEM, f"add it ({self.pattern()})")
                else:
                    self.rates(where, rate)
            elif rate is not None:
                self.rates(where, rate, whole=False)
                if not self.all_set(where, rate):
                    problem = "the rates are those of the table in `demand`"
                    self.add(where, rate, problem, "delete it, or delete demand")

    def all_set(self, where: str, rate: object) -> bool:
        """Whether overrides alone say the rates of a case."""
        names = [f"{where}.{name}" for name in rate] if isinstance(rate, dict) else [where]
        return where in self.overrides or all(name in self.overrides for name in names)

    def rates(self, where: str, rate: object, *, whole: bool = True) -> None:
        """Rates go with the classes. whole: each must be named."""
        if isinstance(rate, dict) and not self.class_entries:
            self.add(where, rate, "the scenario has no classes", "write a number, or add classes")
        elif isinstance(rate, dict):
            for name in rate:
                if name not in self.class_names:
                    self.unknown(f"{where}.{name}", name, "class", self.class_names)
            missing = [name for name in self.class_names if name not in rate]
            for name in missing if whole else ():
                problem = f"the class {name} is not named"
                self.add(where, "", problem, f"add {name}: 0 where it sends nothing")
        elif isinstance(rate, int | float) and len(self.class_entries) > 1:
            problem = "a number does not say how much each class sends"
            self.add(where, rate, problem, f"write {self.pattern()}")

    def pattern(self) -> str:
        """How rates are written here."""
        if not self.class_names:
            return "requests offered in all, req/s"
        return "{" + ", ".join(f"{name}: req/s" for name in self.class_names) + "}"

    def unknown(self, where: str, name: object, what: str, known: Sequence[str]) -> None:
        """A name that is none of the known ones."""
        guess = fault_spelling_guess(str(name), known)
        self.add(where, name, f"there is no such {what}", f"{guess}known here: {', '.join(known)}")

    def something_arrives(self) -> None:
        """Some case that counts has a request; a table is looked at where it is read."""
        if self.content.get("demand") is not None or self.found:
            return
        if not self.case_entries:
            rates = [(self.content.get("arrival_rate_rps"), 1.0)]
        else:
            rates = [
                (case.get("arrival_rate_rps"), case.get("hours", 1.0)) for case in self.case_entries
            ]
        values: list[tuple[Any, Any]] = [
            (one, hours)
            for rate, hours in rates
            for one in (rate.values() if isinstance(rate, dict) else [rate])
        ]
        numbers = all(type(part) in (int, float) for pair in values for part in pair)
        if numbers and not any(rate > 0 and hours > 0 for rate, hours in values):
            where = "cases" if self.case_entries else "arrival_rate_rps"
            # A single number of a scenario without cases has a fault of its bounds already.
            if self.case_entries or isinstance(self.content.get("arrival_rate_rps"), dict):
                problem = "no request arrives in any case with hours above 0"
                self.add(where, "", problem, "give one a rate and hours above 0")

    def lost_nodes(self) -> None:
        """Nodes are lost of pools that are there, and not more than they have."""
        pools = {
            pool["name"]: most_pool_nodes(pool)
            for pool in schema_fault_entries(self.content, "pools")
            if isinstance(pool.get("name"), str)
        }
        for i, case in enumerate(self.case_entries):
            lost = case.get("lost_nodes")
            for name, count in lost.items() if isinstance(lost, dict) else ():
                where, nodes = f"cases.{i}.lost_nodes.{name}", pools.get(name)
                if name not in pools:
                    self.unknown(where, name, "pool", list(pools))
                elif type(count) is int and type(nodes) is int and count > nodes:
                    problem = f"the pool has {nodes} node{'s' if nodes != 1 else ''}"
                    self.add(where, count, problem, "lower it, or raise the pool's nodes")

    def setups_of_cases(self) -> None:
        """`of` names a case with a setup of its own, where setups are scheduled; cases that cost
        nothing, and losses of nodes, test the setup of another case.
        """
        fleet = self.content.get("fleet")
        scheduled = isinstance(fleet, dict) and fleet.get("mode") == "scheduled"
        own = _names([case for case in self.case_entries if case.get("of") is None])
        for i, case in enumerate(self.case_entries):
            where, of, lost = f"cases.{i}.of", case.get("of"), case.get("lost_nodes")
            loses = isinstance(lost, dict) and any(lost.values())
            if of is None:
                if scheduled and (loses or case.get("hours", 1.0) == 0):
                    problem = f"a case {'with lost nodes' if loses else 'of 0 hours'} has no setup"
                    fix = f"name the case whose setup it tests: {_either(own, case.get('name'))}"
                    self.add(where, "", problem, fix)
            elif not scheduled:
                problem = "one setup serves all cases of a fixed fleet"
                self.add(where, of, problem, "delete it, or state fleet: {mode: scheduled}")
            elif of not in _names(self.case_entries):
                self.unknown(where, of, "case", own)
            elif of not in own:
                problem = "the case names another one, and has no setup of its own"
                self.add(where, of, problem, f"name one without `of`: {_either(own)}")

    def classes(self) -> None:
        """LLMs that a class names are there."""
        names = _names(self.llm_entries)
        outside = _names([llm for llm in self.llm_entries if llm.get("api") is not None])
        for i, one in enumerate(self.class_entries):
            llms, work = one.get("llms"), one.get("work")
            for k, name in enumerate(llms if isinstance(llms, list | tuple) else ()):
                where = f"classes.{i}.llms.{k}"
                if isinstance(name, str) and name not in names:
                    self.unknown(where, name, "LLM", names)
                elif isinstance(llms, list | tuple) and name in llms[:k]:
                    self.add(where, name, "the LLM is named twice", "name it once")
            for name in work if isinstance(work, dict) else ():
                where = f"classes.{i}.work.{name}"
                if name not in names:
                    self.unknown(where, name, "LLM", names)
                elif name in outside:
                    problem = "the LLM is outside the cluster, and has no load"
                    self.add(where, name, problem, "leave it out")

    def llms_outside(self) -> None:
        """LLMs outside have one kind of price and nothing of an LLM of the cluster."""
        apis = [llm.get("api") is not None for llm in self.llm_entries]
        if apis and all(apis):
            problem = "every LLM is outside, so there is nothing to plan on the cluster"
            self.add("llms", "", problem, "add an LLM without api")
        for i, llm in enumerate(self.llm_entries):
            if llm.get("api") is None:
                continue
            for key, nothing in CLUSTER_KEYS.items():
                if llm.get(key) not in nothing:
                    problem = "the key is of LLMs of the cluster, and this one has an api"
                    self.add(f"llms.{i}.{key}", llm[key], problem, "delete it, or delete api")
            if isinstance(llm["api"], dict):
                self.api_price(f"llms.{i}.api", llm.get("name"), llm["api"])

    def api_price(self, where: str, name: object, api: Mapping[str, Any]) -> None:
        """A price of requests, or both prices of tokens where classes state their tokens."""
        by_tokens = [key for key in TOKEN_PRICES if api.get(key) is not None]
        by_request = api.get("usd_per_request") is not None
        either = "state usd_per_request, or usd_per_1m_input_tokens and usd_per_1m_output_tokens"
        if by_request and by_tokens:
            problem = "there are two prices of one request"
            self.add(f"{where}.{by_tokens[0]}", api[by_tokens[0]], problem, either)
        elif not by_request and not by_tokens:
            self.add(where, "", "the LLM has no price", either)
        elif len(by_tokens) == 1:
            missing = next(key for key in TOKEN_PRICES if key not in by_tokens)
            self.add(f"{where}.{missing}", "", BLANK_PROBLEM, "state both prices of tokens")
        elif by_tokens and not self.class_entries:
            problem = "a price by tokens needs classes, which state their tokens"
            fix = "state usd_per_request instead, or add classes"
            self.add(f"{where}.{by_tokens[0]}", api[by_tokens[0]], problem, fix)
        elif by_tokens:
            for key in self.missing_tokens(name):
                problem = f"the price of {name} needs it"
                self.add(key, "", problem, "state the class's mean tokens")

    def missing_tokens(self, llm: object) -> Iterator[str]:
        """Keys of classes that may use an LLM and do not state their tokens."""
        for i, one in enumerate(self.class_entries):
            permitted = one.get("llms")
            if permitted is None or (isinstance(permitted, list | tuple) and llm in permitted):
                for key in TOKEN_PRICES.values():
                    if one.get(key) is None:
                        yield f"classes.{i}.{key}"


def _either(names: Sequence[str], but: object = None) -> str:
    """Names to choose from."""
    return ", ".join(name for name in names if name != but) or "there is none yet"


def _names(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    return [entry["name"] for entry in entries if isinstance(entry.get("name"), str)]
