"""One setup: where a search stands, how replicas become a plan, and what is learnt of them."""
