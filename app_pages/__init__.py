"""The web page: views over widgets over charts and session over jobs.

The folder of the pages is called views: beside a main script Streamlit takes a folder `pages` for
pages of its own, and runs them without the main script.
"""
