"""What the hardware makes impossible: a token faster than the weights can be read from memory.

    least time of a token (ms) = 1000 * bytes / (tp * bandwidth)

bytes: the parameters that one token touches at 4 bits each, the smallest that servers run; of an
LLM that is not catalogued the part LEAST_ACTIVE of its stated weights. bandwidth: of one GPU as
catalogued, else that of the fastest one. The first token takes at least as long whatever is cached.
Tokens that are drafted ahead and accepted together may come up to a few times faster than the
weights are read; read at 16 bits they still lie above this bound.
"""

from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

__all__ = ["faster_than_weights", "least_token_ms", "least_weights_gib"]

BYTES_OF_PARAMETER = 0.5
LEAST_ACTIVE = 0.03
"""Active parameters by all of them; the sparsest catalogued LLMs have 0.04 to 0.1."""


def least_token_ms(llm: str, gpu: str, tp: float, weights_gib: float | None = None) -> float:
    """The bound in ms; 0 where nothing is known about the LLM.

    tp: 1 at least, whatever a table with faults says. weights_gib: all shards together, for an LLM
    that is not catalogued.
    """
    catalogued, gpus = load_catalogue_llms().get(llm), load_catalogue_gpus()
    if catalogued is not None:
        read = catalogued.parameters_active_b * 1e9 * BYTES_OF_PARAMETER
    else:
        read = LEAST_ACTIVE * (weights_gib or 0.0) * 2**30
    bandwidth = (
        gpus[gpu].memory_bandwidth_gb_per_s
        if gpu in gpus
        else max(row.memory_bandwidth_gb_per_s for row in gpus.values())
    )
    return 1e3 * read / (max(tp, 1.0) * bandwidth * 1e9)


def faster_than_weights(column: str, lowest: float, least: float) -> str:
    """What is wrong with a column whose lowest latency is below the bound, both in ms."""
    return (
        f"{column} goes down to {lowest:.3g} ms, but reading the weights alone takes {least:.3g} ms"
    )


def least_weights_gib(llm: str) -> float:
    """GiB that the weights of a catalogued LLM take at 4 bits; 0 for another."""
    catalogued = load_catalogue_llms().get(llm)
    return catalogued.weights_gib_8bit * BYTES_OF_PARAMETER if catalogued else 0.0
