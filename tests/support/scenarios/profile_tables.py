"""A clean profile table and how to change it."""

import csv
from collections.abc import Callable
from pathlib import Path

CLEAN = """\
llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,ttft_p50_ms,ttft_p99_ms,tpot_mean_ms,e2e_mean_ms,concurrency,input_tokens,output_tokens
llama-3.1-8b,H100-SXM-80GB,1,50,1,60,50,90,12,1560,1.56,500,126
llama-3.1-8b,H100-SXM-80GB,1,50,4,70,60,120,13,1695,6.78,500,126
llama-3.1-8b,H100-SXM-80GB,1,50,6,90,80,160,14,1840,11.04,500,126
llama-3.1-8b,H100-SXM-80GB,1,50,8,120,100,220,16,2120,16.96,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,1,50,40,80,10,1300,1.3,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,5,60,50,110,11,1435,7.17,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,9,80,70,150,12,1580,14.2,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,12,110,90,200,13,1735,20.8,500,126
"""


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def write(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "profiles.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def changed(**cells: str) -> Callable[[list[dict[str, str]]], None]:
    """Plant values in file row 4 (the third data row, 6 req/s of the half share)."""

    def plant(rows: list[dict[str, str]]) -> None:
        rows[2].update(cells)

    return plant
