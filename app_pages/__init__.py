"""The web page: pages over widgets over charts and session over jobs."""
