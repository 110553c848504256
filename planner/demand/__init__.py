"""From logs of requests to the cases of a day: rates by bin, burstiness, classes, levels."""
