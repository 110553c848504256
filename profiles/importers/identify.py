"""Which option a run measured: LLM, GPU, tensor-parallel degree and MPS share.

Required from the user where no source states it, never guessed.

For each key the first that says it wins: an entry under `files` of the mapping file, the command
line, the benchmark file's own metadata, `defaults` of the mapping file. Where the command line
contradicts the metadata, it is noted. The mapping file (YAML):

    defaults: {gpu: H100-SXM-80GB, share: 100}
    llms: {RedHatAI/Qwen3-14B-FP8: qwen3-14b-fp8}      # the tool's model id: the name in the table
    gpus: {H100: H100-SXM-80GB}                         # the tool's GPU name: the name in the table
    files:
      - {match: "*-tp2-*", tp: 2}                       # path, or the end of it; later entries win
      - {match: "runs/fleet/*", replicas: 4}            # number of replicas that answered together
      - {match: "runs/split/*", gpus_per_replica: 8}    # prefill and decode servers together
      - {match: "runs/half/*", share: 50, neighbours: busy}    # what the GPU's other shards did
    servers:                                            # of running servers: by their labels
      - {match: {instance: "10.0.0.*", model_name: qwen}, tp: 2, llm: qwen3-8b}
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from profiles.catalogue import load_catalogue_gpus
from profiles.importers.formats.names import gpu_key, gpu_names_like, llm_name_of_model
from profiles.importers.formats.record import Run
from profiles.io.faults import Fault, fault_spelling_guess, file_text_or_fault, shown_in_fault
from profiles.io.yaml_text import parse_yaml
from profiles.records import NEIGHBOURS

__all__ = [
    "Given",
    "Option",
    "checked_identity",
    "identify_option",
    "own_identity",
    "read_identifying_mapping",
    "unidentified_fault",
]

KEYS = ("llm", "gpu", "tp", "share")
COUNTS = ("replicas", "gpus_per_replica")
KNOWN_KEYS = (*KEYS, *COUNTS, "neighbours")
OPTIONS = {
    "llm": "--llm NAME",
    "gpu": "--gpu NAME",
    "tp": "--tp N",
    "share": "--share PCT (100 = whole GPUs)",
}
SECTIONS = ("defaults", "llms", "gpus", "files", "servers")
FILES_NAMED = 5

Option = tuple[str, str, int, float]
"""(llm, gpu, tp degree, MPS share in per cent): the keys of the profile table."""


@dataclass(frozen=True)
class Given:
    """What the user says about the runs.

    line: by the command line; the others: sections of the mapping file, values checked. servers:
    (label -> pattern, values).
    """

    line: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    llms: Mapping[str, str] = field(default_factory=dict)
    gpus: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[tuple[str, Mapping[str, Any]]] = ()
    servers: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]] = ()

    def of_labels(self, labels: Mapping[str, str]) -> "Given":
        """What is said about one server, as about every file; the last entry that matches wins."""
        matching = [
            ("*", values)
            for patterns, values in self.servers
            if all(fnmatch(labels.get(name, ""), pattern) for name, pattern in patterns.items())
        ]
        return replace(self, files=matching)

    def of_file(self, file: str, key: str) -> Any:
        """What the mapping file says about one file; the last entry that matches wins."""
        path = Path(file).as_posix()
        matching = [
            values[key]
            for pattern, values in self.files
            if key in values and _matches(path, pattern)
        ]
        return matching[-1] if matching else None

    def stated(self, file: str, key: str) -> Any:
        """What mapping file and command line say about one file, the mapping file first."""
        own = self.of_file(file, key)
        return self.line.get(key) if own is None else own

    def with_stated(self, run: Run) -> Run:
        """The run with the replicas and the neighbours that the user states."""
        replicas = self.stated(run.file, "replicas")
        beside = self.stated(run.file, "neighbours") or self.defaults.get("neighbours")
        return replace(run, replicas=replicas or run.replicas, neighbours=beside or run.neighbours)

    def why_split(self, file: str, option: Option) -> str:
        """Why a run is of no engine that the planner can deploy, "" when nothing says so: its
        replica took more GPUs than its tensor-parallel degree, so that it was split in prefill and
        decode servers, or in pipeline stages. No tool's file says so of every server.
        """
        gpus, tp = self.stated(file, "gpus_per_replica"), option[2]
        if gpus is None or gpus == tp:
            return ""
        return (
            f"a replica of {gpus} GPUs at tensor-parallel degree {tp} is split in prefill and"
            " decode servers or pipeline stages, which no option of the planner is (engines that"
            " answered side by side are --replicas)"
        )


def _matches(path: str, pattern: str) -> bool:
    return fnmatch(path, pattern) or fnmatch(path, f"*/{pattern}")


def read_identifying_mapping(path: Path, line: Mapping[str, Any], faults: list[Fault]) -> Given:
    """Read the mapping file; faults for what is unknown or of the wrong kind."""
    content, fault = file_text_or_fault(path, size_limit=1_000_000)
    before = len(faults)
    tree = None if fault else parse_yaml(content, str(path), faults)
    if fault:
        faults.append(fault)
    if len(faults) > before:
        return Given(line)
    if not isinstance(tree, dict):
        faults.append(
            Fault(
                str(path),
                "",
                "",
                "the mapping file is no mapping",
                f"write some of the keys {', '.join(SECTIONS)}",
            )
        )
        return Given(line)
    for key in tree.keys() - set(SECTIONS):
        fix = f"{fault_spelling_guess(str(key), SECTIONS)}known keys here: {', '.join(SECTIONS)}"
        faults.append(Fault(str(path), str(key), "", "the mapping file has no such key", fix))
    defaults = checked_identity(tree.get("defaults") or {}, str(path), "defaults", faults)
    names = [
        _identified_names(tree.get(section), str(path), section, faults)
        for section in ("llms", "gpus")
    ]
    entries = [
        tuple(_identifying_entries(tree, path, section, faults)) for section in ("files", "servers")
    ]
    return Given(line, defaults, names[0], names[1], *entries)


def _identifying_entries(
    tree: Mapping[str, Any], path: Path, section: str, faults: list[Fault]
) -> list[tuple[Any, dict[str, Any]]]:
    """(what an entry matches, its values) of one list of entries: a pattern of paths for files,
    label -> pattern for servers.
    """
    listed = tree.get(section) or []
    if not isinstance(listed, list):
        problem, fix = "this must be a list", "write one line with - for each pattern"
        faults.append(Fault(str(path), section, shown_in_fault(listed), problem, fix))
        return []
    entries = []
    for k, entry in enumerate(listed):
        place, pattern = f"{section}.{k}", entry.get("match") if isinstance(entry, dict) else None
        if section == "files" and not isinstance(pattern, str):
            problem, fix = "the entry does not say which files it means", "add match: PATTERN"
            faults.append(Fault(str(path), place, shown_in_fault(entry), problem, fix))
        elif section == "servers" and not _are_label_patterns(pattern):
            problem = "the entry does not say which servers it means"
            fix = 'add match: {LABEL: PATTERN}, e.g. match: {instance: "10.0.0.7:8000"}'
            faults.append(Fault(str(path), place, shown_in_fault(entry), problem, fix))
        else:
            values = {key: value for key, value in entry.items() if key != "match"}
            entries.append((pattern, checked_identity(values, str(path), place, faults)))
    return entries


def _are_label_patterns(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(pattern, str) for pattern in value.values())
    )


def _identified_names(value: Any, file: str, section: str, faults: list[Fault]) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, dict) and all(
        isinstance(name, str) and name.strip() for name in value.values()
    ):
        return {key.casefold(): name.strip() for key, name in value.items()}
    faults.append(
        Fault(
            file,
            section,
            shown_in_fault(value),
            "this must map names to names",
            "write TOOL_NAME: TABLE_NAME",
        )
    )
    return {}


def checked_identity(values: Any, file: str, where: str, faults: list[Fault]) -> dict[str, Any]:
    """The keys of `values` that are sound; faults for the others.

    file, where: as in faults (where "" = options).
    """
    if not isinstance(values, dict):
        faults.append(
            Fault(
                file,
                where,
                shown_in_fault(values),
                "this must be a mapping",
                f"write some of {', '.join(KNOWN_KEYS)}",
            )
        )
        return {}
    sound: dict[str, Any] = {}
    for key, value in values.items():
        problem = _identity_problem(key, value)
        if problem:
            place = f"{where}.{key}" if where else ""
            faults.append(Fault(file, place, shown_in_fault(value), *problem))
        else:
            sound[key] = value.strip() if isinstance(value, str) else value
    return sound


def _identity_problem(key: str, value: Any) -> tuple[str, str] | None:
    """Why a value is not sound, and the fix."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if key in ("llm", "gpu"):
        return (
            None
            if isinstance(value, str) and value.strip()
            else ("this is no name", "write a name")
        )
    if key in ("tp", *COUNTS):
        sound = is_number and 1 <= value <= 1024 and float(value).is_integer()
        return None if sound else ("this is no whole number from 1", "write how many, e.g. 2")
    if key == "neighbours":
        if value in NEIGHBOURS:
            return None
        return "nothing is known of such neighbours", f"write one of {', '.join(NEIGHBOURS)}"
    if key == "share":
        if is_number and 1 < value <= 100:
            return None
        fraction = is_number and 0 < value <= 1
        return (
            "the share looks like a fraction" if fraction else "the share is outside (1, 100]"
        ), "write per cent of one GPU, e.g. 50"
    return (
        "there is no such key",
        (
            f"{fault_spelling_guess(str(key), KNOWN_KEYS)}known keys here: match,"
            f" {', '.join(KNOWN_KEYS)}"
        ),
    )


def identify_option(
    run: Run, given: Given, notices: list[str]
) -> tuple[Option | None, dict[str, str]]:
    """The option that a run measured, or which keys are missing, each with what the file says about
    it ("" = nothing).
    """
    option: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for key in KEYS:
        own, doubt = own_identity(run, key, given, notices)
        stated = given.stated(run.file, key)
        if stated is not None and key == "gpu":
            stated = _identify_given_gpu(stated, notices)
        if stated is not None and own is not None and stated != own and key != "llm":
            notices.append(f"{run.where}: {key} {stated} as given, although the file says {own}")
        value = next((v for v in (stated, own, given.defaults.get(key)) if v is not None), None)
        if value is None:
            missing[key] = doubt
        option[key] = value
    if missing:
        return None, missing
    return (option["llm"], option["gpu"], int(option["tp"]), float(option["share"])), {}


def own_identity(run: Run, key: str, given: Given, notices: list[str]) -> tuple[Any, str]:
    """(what the file itself says about a key, None when that is nothing; why it does not do).

    key: llm, gpu, tp or share. Notices of names are added.
    """
    if key == "llm":
        if not run.model:
            return None, ""
        if run.model.casefold() in given.llms:
            return given.llms[run.model.casefold()], ""
        name, notice = llm_name_of_model(run.model, run.quantization)
        notices += (
            [notice]
            if notice and given.line.get("llm") is None and given.of_file(run.file, "llm") is None
            else []
        )
        return name, ""
    if key == "gpu":
        if not run.gpu:
            return None, ""
        known = given.gpus.get(run.gpu.casefold()) or gpu_key(run.gpu)
        candidates = ", ".join(gpu_names_like(run.gpu))
        doubt = (
            f"{shown_in_fault(run.gpu)} says too little: {candidates}?"
            if candidates
            else f"{shown_in_fault(run.gpu)} is not catalogued"
        )
        return known, "" if known else doubt
    if key == "tp":
        return run.tp, ""
    fraction = run.share_pct is not None and run.share_pct <= 1
    return (None, f"{run.share_pct:g} looks like a fraction") if fraction else (run.share_pct, "")


def _identify_given_gpu(name: str, notices: list[str]) -> str:
    """A GPU as the user gave it: the catalogue's key where there is no doubt, else as it was
    written.
    """
    known = gpu_key(name)
    if known is None and name not in load_catalogue_gpus():
        candidates = ", ".join(gpu_names_like(name))
        hint = (
            f"the catalogue has {candidates}"
            if candidates
            else "a scenario must state its memory_gib"
        )
        notices.append(
            f"the GPU {shown_in_fault(name)} is not catalogued and stays as written; {hint}"
        )
    elif known is not None and known != name:
        notices.append(f"the GPU {shown_in_fault(name)} is {known} of the catalogue")
    return known or name


def unidentified_fault(
    missing: Sequence[tuple[str, Mapping[str, str]]], what: str = "files"
) -> Fault:
    """One fault for all runs whose option is not known.

    missing: (file or server, key -> what it says about it); what: the word for them.
    """
    groups: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    doubts: dict[str, None] = {}
    for file, keys in missing:
        groups[tuple(keys)][file] = None
        doubts |= {f"{key} {doubt}": None for key, doubt in keys.items() if doubt}
    groups_given = []
    for keys_of_group, files in groups.items():
        names = list(files)
        more = f" and {len(names) - FILES_NAMED} more {what}" if len(names) > FILES_NAMED else ""
        groups_given.append(f"{', '.join(keys_of_group)} of {', '.join(names[:FILES_NAMED])}{more}")
    wanted = [key for key in KEYS if any(key in keys for keys in groups)]
    doubted = f" ({'; '.join(doubts)})" if doubts else ""
    problem = f"nothing says the {'; nor the '.join(groups_given)}{doubted}"
    fix = (
        f"give {' '.join(OPTIONS[key] for key in wanted)}; where {what} differ, write a mapping"
        " file (--map, see docs/profiles.md)"
    )
    return Fault(" ".join(OPTIONS[key].split(" ")[0] for key in wanted), "", "", problem, fix)
