"""docs/command-line.md, made from the declarations of the command line (`planner/cli`).

    python -m docs.site.command_line

writes the part below the mark anew; `tests/docs/test_command_line_document.py` compares it with the
code. A group (`profile`, `scores`, ...) has no section, each of its commands has one.
"""

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from planner.cli.app import app
from planner.program import COMMAND, PROGRAM

__all__ = ["FILE", "command_line_text"]

FILE = Path(__file__).resolve().parents[1] / "command-line.md"
MARK = "<!-- Made from the code: python -m docs.site.command_line -->"
"""What stands above it is written by hand."""


def command_line_text() -> str:
    """The whole document, what stands above the mark as it is."""
    commands = list(_commands(typer.main.get_command(app), ()))
    listed = ["| command | does |", "|---|---|"]
    for words, command in commands:
        name = " ".join(words)
        summary = _program(command.help or "").partition("\n")[0]
        listed.append(f"| [`{name}`](#{name.replace(' ', '-')}) | {_cell(summary)} |")
    sections = [_command_section(words, command) for words, command in commands]
    head = FILE.read_text(encoding="utf-8").partition(MARK)[0]
    return f"{head}{MARK}\n\n" + "\n".join(listed) + "\n\n" + "\n".join(sections)


def _commands(
    group: TyperCommand | TyperGroup, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Every command below a group in the order of its help, with its words."""
    if not isinstance(group, TyperGroup):
        yield words, group
        return
    for name, command in group.commands.items():
        yield from _commands(command, (*words, name))


def _command_section(words: tuple[str, ...], command: TyperCommand) -> str:
    """Heading, usage, what it does, its arguments and options, an example."""
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    options = [one for one in command.params if isinstance(one, TyperOption)]
    usage = " ".join([COMMAND, *words, *map(_argument_word, arguments), "[OPTIONS]"])
    lines = [f"## {' '.join(words)}", "", "```text", usage, "```", ""]
    paragraphs = _program(command.help or "").split("\n\n")
    lines += [" ".join(part.split()) + "\n" for part in paragraphs]
    if arguments:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [f"| `{one.metavar or one.name}` | {_meaning(one)} |" for one in arguments]
        lines.append("")
    if options:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| {_option_words(one)} | {_meaning(one)} |" for one in options]
        lines.append("")
    example = _program(command.epilog or "").removeprefix("Example: ")
    return "\n".join([*lines, "Example:", "", "```text", example, "```", ""])


def _argument_word(argument: TyperArgument) -> str:
    word = argument.metavar or argument.name.upper()
    many = "..." if argument.nargs == -1 else ""
    return f"{word}{many}" if argument.required else f"[{word}{many}]"


def _option_words(option: TyperOption) -> str:
    names = [*option.opts, *option.secondary_opts]
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return _cell(", ".join(f"`{name}{value}`" for name in names))


def _meaning(parameter: TyperArgument | TyperOption) -> str:
    """The help, what may be repeated, and the default where it is shown."""
    notes = []
    if isinstance(parameter, TyperOption) and parameter.multiple:
        notes.append("repeatable")
    if isinstance(parameter, TyperOption) and parameter.max is not None:
        notes.append(f"{parameter.min:g} to {parameter.max:g}")
    if parameter.required:
        notes.append("required")
    if isinstance(parameter.show_default, str):
        notes.append(f"default: {parameter.show_default}")
    elif parameter.show_default and parameter.default not in (None, False, ()):
        notes.append(f"default: {parameter.default}")
    text = _program(parameter.help or "").replace("; may be repeated", "")
    return _cell(text + (f" *({', '.join(notes)})*" if notes else ""))


def _program(text: str) -> str:
    """The text with the command's name in place of the module's."""
    return text.replace(PROGRAM, COMMAND)


def _cell(text: str) -> str:
    """Text of a cell of a table: a bar there would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FILE.write_text(command_line_text(), encoding="utf-8")
