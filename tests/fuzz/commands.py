"""Every command with its arguments and options, and values for them.

A value is made of a word: `flag`, `set`, `vary`, `int:LOW:HIGH`, `number:LOW:HIGH`, `word:A,B`,
`list:A,B`, `in:KIND` (a file of `seeds.KINDS`), `pair:KIND:KIND` (two), `out:SUFFIX` and `folder`
(outputs).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.fuzz.libraries import LIBRARY
from tests.fuzz.seeds import BENCHMARKS, KINDS
from tests.fuzz.values import strange_number, strange_text

__all__ = ["COMMANDS", "Command", "is_output", "override", "sane_value", "strange_argument"]


@dataclass(frozen=True)
class Command:
    """positional: kinds of the arguments; options: option -> word of its value, used now and then;
    always: options that every case has, after the others; reads: files that it reads and that are
    not among its arguments.
    """

    positional: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


QUICK = ("--set", "solver.time_limit_s=2")
"""The searches of a case end soon."""
PLAN_INPUT = {"--scenario": "in:scenario", "--unverified": "flag", "--quiet": "flag"}

KEPT = (LIBRARY,)

COMMANDS: Mapping[str, Command] = {
    "plan": Command(
        ("in:scenario",),
        {
            **{"--json": "out:.json", "--xlsx": "out:.xlsx", "--charts": "folder"},
            **{"--write-model": "out:.mps", "--set": "set", "--rel-gap": "number:0:1"},
            **{"--marginals": "flag", "--near": "int:0:3", "--near-loss": "number:0:100"},
            **{"--current": "in:plan", "--what-if-lost": "flag", "--quiet": "flag"},
            **{"--from": "in:plan", "--most-changes": "int:0:4"},
            **{"--change-usd": "number:0:3", "--change-hours": "number:0:48"},
            **{"--save": "flag", "--save-as": "word:x,two,1", "--tag": "word:a,b"},
            "--note": "word:why,x",
        },
        ("--time-limit", "2"),
        reads=KEPT,
    ),
    "setups": Command(
        ("in:scenario",),
        {
            **{"--csv": "out:.csv", "--top": "int:0:20", "--exact-packing": "flag"},
            **{"--prune": "flag", "--set": "set", "--quiet": "flag"},
        },
        (*QUICK, "--jobs", "1"),
    ),
    "check": Command(("in:scenario",), {"--set": "set", "--quiet": "flag"}, QUICK),
    "baselines": Command(
        ("in:scenario",),
        {"--csv": "out:.csv", "--grades": "in:scores", "--set": "set", "--quiet": "flag"},
        QUICK,
    ),
    "sweep": Command(
        ("in:scenario",),
        {"--csv": "out:.csv", "--vary": "vary", "--set": "set", "--quiet": "flag"},
        (*QUICK, "--jobs", "1", "--vary", "arrival_rate_rps=5,30"),
    ),
    "tornado": Command(
        ("in:scenario",),
        {"--csv": "out:.csv", "--percent": "number:1:60", "--set": "set", "--quiet": "flag"},
        (*QUICK, "--jobs", "1"),
    ),
    "thresholds": Command(
        ("in:scenario",),
        {"--csv": "out:.csv", "--precision": "number:5:50", "--set": "set", "--quiet": "flag"},
        (*QUICK, "--jobs", "1", "--precision", "20"),
    ),
    "init": Command(
        (),
        {
            **{"--example": "word:paper-trio,cheapest-floor,from-benchmarks,day,nothing"},
            **{"--xlsx": "out:.xlsx", "--from": "in:scenario", "--set": "set"},
            **{"--from-tables": "pair:table:scores", "@": "folder"},
        },
    ),
    "app": Command((), {"--port": "int:1:65535", "--host": "word:127.0.0.1,0.0.0.0,::1"}),
    "plugins": Command((), {"--json": "flag"}),
    "simulate": Command(
        ("in:plan",),
        {
            **{"--trace": "in:trace", "--cv": "number:0.1:20", "--seed": "int:0:99"},
            **{"--scale": "word:superpose,compress", "--json": "out:.json"},
            **{"--class": "word:chat,batch,x", "--case": "word:day,lost,x"},
            **PLAN_INPUT,
        },
        ("--minutes", "0.2"),
    ),
    "drift --prometheus": Command(
        ("in:metrics", "in:plan"),
        {
            **{"--from": "word:1795500000,2026-11-24,x", "--to": "word:1795500900,2026-11-25"},
            **{"--label": "word:model_name=x,job,=", "--map": "in:servers"},
            **{"--worth": "number:0:100", "--curve-error": "number:0:200"},
            **{"--with-price-table": "flag", "--json": "out:.json", **PLAN_INPUT},
        },
    ),
    "export": Command(
        ("in:plan",),
        {
            "--only": "list:shell,compose,kubernetes,kserve,llm-d,keda,production-stack,litellm"
            ",router,routellm",
            **{option: PLAN_INPUT[option] for option in ("--scenario", "--quiet")},
            "--to": "folder",
        },
        ("--to", "deploy"),
    ),
    "report": Command(
        ("in:plan",),
        {
            **{"--xlsx": "out:.xlsx", "--charts": "folder"},
            **{"--with": "word:setups,baselines,frontier,sensitivity,setups;baselines,none"},
            **PLAN_INPUT,
        },
    ),
    "route": Command(
        ("in:plan",),
        {
            **{"--scores": "in:scores", "--grades": "in:scores", "--split": "number:0:1"},
            **{"--seed": "int:0:99", "--rates": "flag", "--csv": "out:.csv"},
            **{"--class": "word:chat,batch,x", "--case": "word:day,lost,x", "--loss": "int:0:2"},
            **{"--choices": "out:.csv", "--json": "out:.json", **PLAN_INPUT},
        },
    ),
    "diff": Command(("in:plan", "in:plan"), {"--unverified": "flag"}),
    "profile import": Command(
        ("in:benchmark", "in:benchmark"),
        {
            **{"--llm": "word:qwen3-8b,x", "--gpu": "word:H100-SXM-80GB,A100-PCIe-80GB"},
            **{"--tp": "int:1:8", "--share": "number:1:100", "--replicas": "int:1:4"},
            **{"--neighbours": "word:busy,idle,unknown"},
            **{"--map": "in:mapping", "--out": "out:.csv", "--append": "flag", "--quiet": "flag"},
        },
        ("--gpu", "H100-SXM-80GB", "--tp", "1", "--share", "100"),
    ),
    "profile import --prometheus": Command(
        ("in:metrics",),
        {
            **{"--from": "word:1795500000,2026-11-24,x", "--to": "word:1795500900,2026-11-25"},
            **{"--label": "word:model_name=x,job,=", "--widest-bucket": "number:1:100"},
            **{"--llm": "word:qwen3-8b,x", "--replicas": "int:1:4"},
            **{"--map": "in:mapping", "--out": "out:.csv", "--append": "flag", "--quiet": "flag"},
        },
        ("--gpu", "H100-SXM-80GB", "--tp", "1", "--share", "100"),
    ),
    "profile estimate": Command(
        (),
        {
            **{"--llm": "word:llama-3.1-8b,yi-34b", "--gpu": "word:H100-SXM-80GB,L40S-48GB"},
            **{"--tp": "list:1,2,4,8", "--share": "list:10,50,100", "--cv": "number:0.1:5"},
            **{"--input-tokens": "int:1:4000", "--output-tokens": "int:1:400"},
            **{"--cached-tokens": "int:0:4000"},
            **{"--lengths": "word:fixed,lognormal,trace.csv", "--rates": "int:2:6"},
            **{"--scheduler": "word:chunked,prefill_first,slots,single"},
            **{"--weight-bits": "word:16,8,4", "--kv-bits": "word:16,8"},
            **{"--max-sequences": "int:1:300", "--step-tokens": "int:64:9000"},
            **{"--neighbours": "word:busy,idle", "--highest-load": "number:50:99"},
            **{"--sharing-loss": "number:0:50"},
            **{"--calibrate": "in:table", "--harness": "word:closed,open"},
            **{"--out": "out:.csv", "--intervals": "out:.csv", "--quiet": "flag"},
        },
        (
            *("--llm", "llama-3.1-8b", "--gpu", "A100-PCIe-80GB", "--tp", "1"),
            *("--requests", "200", "--seeds", "2", "--rates", "2", "--jobs", "1"),
        ),
    ),
    "profile derate": Command(
        ("in:table",),
        {
            **{"--sharing-loss": "number:0:50", "--unknown": "flag"},
            **{"--out": "out:.csv", "--quiet": "flag"},
        },
    ),
    "profile merge": Command(
        ("in:table", "in:table"),
        {"--prefer": "word:measured,first,last", "--out": "out:.csv", "--quiet": "flag"},
    ),
    "profile check": Command(("in:table",), {"--scenario": "in:scenario", "--quiet": "flag"}),
    "scores check": Command(
        ("in:graded",),
        {
            **{"--grades": "in:graded", "--fit": "word:shrinkage,isotonic", "--out": "out:.csv"},
            **{"--charts": "folder", "--json": "out:.json", "--seed": "int:0:99"},
            "--quiet": "flag",
        },
    ),
    "scores import": Command(
        ("in:grades",),
        {
            **{"--llm": "word:small,seeds=a,org/large=b", "--metric": "word:acc,acc_norm,f1"},
            **{"--filter": "word:none,strict-match", "--out": "out:.csv", "--quiet": "flag"},
        },
        ("--metric", "acc"),
    ),
    "demand import": Command(
        ("in:log",),
        {
            **{"--class-by": "word:class,model,none", "--class": "word:chat,code=x,a=chat"},
            **{"--length-classes": "int:0:5", "--length-borders": "list:150,250,350"},
            **{"--bin": "number:0.05:70", "--by": "word:time,hour-of-day,period"},
            **{"--utc-offset": "number:-14:14", "--levels": "int:1:6", "--json": "out:.json"},
            **{"--quantile": "number:0.1:1", "--scale": "number:0.01:9", "--quiet": "flag"},
            **{"--into": "in:scenario", "--to": "folder"},
        },
        ("--to", "day"),
    ),
    "library list": Command(
        (),
        {
            **{"@": "word:x,two,100 %", "--kind": "word:plan,scenario,study,x", "--json": "flag"},
            **{"--tag": "word:a,b", "--top": "int:0:9"},
        },
        reads=KEPT,
    ),
    "library show": Command(
        ("word:1,2,4,6,7,kept 1,x",), {"--json": "flag", "--unverified": "flag"}, reads=KEPT
    ),
    "library compare": Command(
        ("word:1,2,4,6,7,kept 1,x", "word:1,2,4,6,kept 0,x"), {"--unverified": "flag"}, reads=KEPT
    ),
    "library tag": Command(
        ("word:1,2,4,6,7,kept 1,x", "word:a,b"), {"--remove": "word:a,b"}, reads=KEPT
    ),
    "library rename": Command(
        ("word:1,2,4,6,7,kept 1,x", "word:y,two"), {"--note": "word:why,x"}, reads=KEPT
    ),
    "library replan": Command(
        (),
        {
            **{"@": "word:x,two,kept", "--set": "set", "--json": "out:.json", "--save": "flag"},
            **{"--tag": "word:a,b", "--quiet": "flag"},
        },
        (*QUICK, "--jobs", "1"),
        reads=KEPT,
    ),
    "library export": Command(
        ("word:1,2,4,6,7,kept 1,x",), {"--to": "folder"}, ("--to", "deploy"), reads=KEPT
    ),
    "library rm": Command(("word:1,2,4,6,7,kept 1,x",), {"--yes": "flag"}, reads=KEPT),
    "profile gaps": Command(
        ("in:scenario",),
        {"--csv": "out:.csv", "--top": "int:1:20", "--set": "set", "--quiet": "flag"},
        QUICK,
    ),
}
KEYS = {
    "arrival_rate_rps": "number:1:90",
    "slo.0.limit_ms": "number:10:900",
    "slo.0.statistic": "word:mean,p50,p99",
    "slo.0.metric": "word:ttft,tpot,e2e",
    "pools.0.nodes": "int:1:4",
    "pools.0.gpus_per_node": "int:1:8",
    "pools.0.memory_gib": "number:10:90",
    "pools.0.price_usd_per_gpu_h": "number:0:9",
    "llms.0.max_replicas": "int:0:3",
    "llms.0.min_replicas": "int:0:2",
    "llms.0.weights_gib": "number:1:90",
    "classes.0.weight": "number:0:3",
    "classes.0.work": "word:1,2,{qwen2.5-14b: 3}",
    "classes.1.llms": "word:[qwen2.5-14b],[llama-3.1-8b; far],null",
    "cases.0.arrival_rate_rps.chat": "number:0:9",
    "cases.1.hours": "number:0:24",
    "cases.1.lost_nodes": "word:{a: 1},{a: 2},{b: 1}",
    "objective.cost_at_most_usd_per_h": "number:0:30",
    "setups.tp_degrees": "word:[1],[1; 2],[8]",
    "setups.mps_shares_pct": "word:[100],[50; 100],[7]",
    "setups.memory_headroom_pct": "number:0:100",
    "setups.min_gpu_utilization_pct": "number:0:100",
    "objective": "word:{maximize: quality},{minimize: cost; quality_at_least: 0.5}",
    "objective.quality_at_least": "number:0:1",
    "scores_missing": "word:error,drop",
    "solver.rel_gap": "number:0:0.1",
    "solver.seed": "int:0:99",
    "solver.threads": "int:1:2",
    "name": "word:x,two",
    "slo": "word:[]",
}
OUTPUTS = (
    *(
        "made",
        "made",
        "made",
        "made",
        "no/such/folder/made",
        "a-folder",
        "a-file",
        "",
        ".",
        "/proc",
    ),
    *("a-link", "a-dead-link", "a-circle", "a-null-device", "a-full-device", "a-fifo", "a-file/x"),
    *("-", "/proc/self/fd/1", "/proc/self/fd/9", "x" * 300, "made\n", "\udcff", "a-folder/made"),
    *("scenario.yaml", "profiles.csv", "plan.json", "--quiet"),
)
"""Where output may be sent; what the names are: `cases.PLACES`."""


def is_output(word: str) -> bool:
    return word == "folder" or word.startswith("out:")


def sane_value(word: str, rng: Random) -> list[str]:
    """Arguments that follow an option, or stand alone."""
    kind, _, rest = word.partition(":")
    if kind == "flag":
        return []
    if kind == "in":
        return [rng.choice(KINDS[rest])]
    if kind == "pair":
        return [rng.choice(KINDS[one]) for one in rest.split(":")]
    if kind == "int":
        low, high = map(int, rest.split(":"))
        return [str(rng.randint(low, high))]
    if kind == "number":
        low, high = map(float, rest.split(":"))
        return [f"{rng.uniform(low, high):.4g}"]
    if kind == "word":
        return [rng.choice(rest.split(",")).replace(";", ",")]
    if kind == "list":
        words = rest.split(",")
        return [",".join(rng.sample(words, rng.randint(1, len(words))))]
    if kind in ("set", "vary"):
        return [override(rng, several=kind == "vary")]
    return [_output(rest, rng)]


def _output(suffix: str, rng: Random) -> str:
    """A place for output; a name that is made gets its ending."""
    place = rng.choice(OUTPUTS)
    if place == "a-fifo" and rng.random() < 0.8:
        place = "made"  # a FIFO without a reader is waited for: 10 s
    return place + suffix if place.endswith("made") else place


def override(rng: Random, *, several: bool) -> str:
    """KEY=VALUE for --set, or for --vary with several values."""
    key = rng.choice(list(KEYS))
    values = [sane_value(KEYS[key], rng)[0] for _ in range(1 + several)]
    if rng.random() < 0.3:
        values[-1] = rng.choice((str(strange_number(rng)), strange_text(rng)))
    if rng.random() < 0.1:
        key = rng.choice((strange_text(rng), key + ".x", key.replace("0", "9"), key + ".0"))
    if several and rng.random() < 0.2:
        return f"{key}={rng.choice(('1:9:4', '9:1:1', '1:2:0', '0:1e9:1', ':', '1:2', '1:1:1'))}"
    return f"{key}={','.join(values)}"


def strange_argument(rng: Random) -> str:
    """Text that may stand on a command line: no NUL, nothing that the system cannot encode."""
    text = rng.choice((str(strange_number(rng)), strange_text(rng), rng.choice(BENCHMARKS)))
    return text.replace("\x00", "0").encode("utf-8", "replace").decode()[:5000]
