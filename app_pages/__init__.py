"""The web page: views over widgets over charts and session over jobs.

The folder of the pages is called views: next to a main script Streamlit treats a folder `pages` as
its own pages, and runs them without the main script.
"""
