"""One file a command: what it reads, computes, prints and writes."""
