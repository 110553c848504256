"""The commands to start with: an example, a template, a first scenario, the page."""
