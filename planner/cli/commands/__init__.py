"""One file per command: what it reads, computes, prints and writes."""
