"""The common record: one load point as a tool recorded it, in the units of the profile table
(req/s, ms, per cent, s).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from profiles.records import Column

__all__ = ["Run"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one benchmark run says. None or "" = the file does not say.

    tool, version: what wrote the file; file, place: where the run is ("" = the whole file).
    model, gpu: the tool's names; quantization: as the server was started; tp: GPUs of one replica;
    share_pct: MPS share in per cent.
    replicas: how many replicas answered together (rates and concurrency are of all of them).
    neighbours: what the other shards of a shared GPU did, which no tool records.
    offered_rps: requests sent per second; infinite = as fast as `max_concurrency` allows.
    achieved_rps: requests answered per second.
    concurrency: mean requests under way; max_concurrency: the limit that was set.
    latency_ms: (metric, statistic) -> ms > 0. input_tokens, output_tokens: mean length. ok, errors:
    requests. duration_s: of the run.
    when: YYYY-MM-DD. notices: what the reader should know; refused: why the run is no load point at
    all.
    """

    tool: str
    version: str
    file: str
    place: str = ""
    model: str = ""
    quantization: str = ""
    gpu: str = ""
    tp: int | None = None
    share_pct: float | None = None
    replicas: int = 1
    neighbours: str = "unknown"
    offered_rps: float | None = None
    achieved_rps: float | None = None
    concurrency: float | None = None
    max_concurrency: float | None = None
    latency_ms: Mapping[Column, float] = field(default_factory=dict)
    input_tokens: float | None = None
    output_tokens: float | None = None
    ok: float | None = None
    errors: float | None = None
    duration_s: float | None = None
    when: str = ""
    notices: tuple[str, ...] = ()
    refused: str = ""

    @property
    def where(self) -> str:
        """File and place, as in faults."""
        return f"{self.file}:{self.place}" if self.place else self.file
