"""The command line: the typer applications, the commands and what they share at a terminal."""
