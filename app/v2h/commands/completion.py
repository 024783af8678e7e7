"""`v2h completion bash|zsh`: prints a script that completes `v2h` at the Tab key. It is made from the parsers of all
subcommands, so it knows what this version knows; print it again after an update.

argcomplete would do the same, but it starts Python at each Tab, which takes seconds on the board.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from v2h.commands.table import COMMANDS, parser_for

SCRIPT = """\
_v2h() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" place="" next="" options="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$place/${{COMP_WORDS[i]}}" in
            {places}) place="$place/${{COMP_WORDS[i]}}" ;;
        esac
    done
    case "$place" in
{words}
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        case " $next " in *" ${{COMP_WORDS[i]}} "*) next="" ;; esac
    done
    case "$word" in -*) next="$options" ;; esac
    case "$place $before" in
{values}
    esac
    COMPREPLY=($(compgen -W "$next" -- "$word"))
}}
complete -o default -F _v2h v2h
"""
"""Walks to the place in the command line, takes the words that may come there, and none if one of them was chosen
already. Where no word is left, "-o default" completes file names."""
HEADS = {"bash": "", "zsh": "autoload -U +X bashcompinit && bashcompinit\n"}
"""What comes before SCRIPT: after this line zsh reads completions of bash."""


class Place(NamedTuple):
    """What may come after some words. path: these words, each with a / before it. values: for each option that takes a
    value its choices, "" where any value is possible."""

    path: str
    next: str
    options: str
    values: dict[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h completion`."""
    parser.add_argument("shell", choices=tuple(HEADS))
    parser.epilog = (
        "bash: mkdir -p ~/.local/share/bash-completion/completions\n"
        "      v2h completion bash > ~/.local/share/bash-completion/completions/v2h\n"
        "zsh:  in ~/.zshrc, after compinit: source <(v2h completion zsh)\n"
        "example: v2h completion bash"
    )


def run(args: argparse.Namespace) -> int:
    """Print the script. Returns 0."""
    print(HEADS[args.shell] + script(list(places())), end="")
    return 0


def places() -> Iterator[Place]:
    """Every place of the whole command."""
    yield _place("", parser_for([]))
    for command in COMMANDS:
        yield from _below(f"/{command.name}", _subparsers(parser_for([command.name]))[command.name])


def script(known: list[Place]) -> str:
    """The completion function of bash."""
    return SCRIPT.format(
        places="|".join(place.path for place in known if place.path),
        words="\n".join(f'        "{place.path}") next="{place.next}" options="{place.options}" ;;' for place in known),
        values="\n".join(
            f'        "{place.path} {option}") next="{choices}" ;;'
            for place in known
            for option, choices in place.values.items()
        ),
    )


def _below(path: str, parser: argparse.ArgumentParser) -> Iterator[Place]:
    yield _place(path, parser)
    for name, deeper in _subparsers(parser).items():
        yield from _below(f"{path}/{name}", deeper)


def _place(path: str, parser: argparse.ArgumentParser) -> Place:
    options = {action.option_strings[-1]: action for action in parser._actions if action.option_strings}
    chosen = (action for action in parser._actions if action.choices and not action.option_strings)
    return Place(
        path,
        _words(next(chosen, None)),
        " ".join(options),
        {name: _words(option) for name, option in options.items() if option.nargs != 0},
    )


def _words(action: argparse.Action | None) -> str:
    return " ".join(map(str, (action.choices if action else None) or ()))


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return next((dict(action.choices) for action in found), {})
