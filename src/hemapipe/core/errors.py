"""The one error a user is meant to read."""

import difflib
from collections.abc import Iterable


class HemapipeError(Exception):
    """What is wrong and what to do about it, in words for the person at the keyboard.

    Stages and the command line print it without a traceback and exit with status 1.
    Anything else that escapes is a defect of hemapipe and keeps its traceback.
    """


def reason(message: str) -> str:
    """Return a message of pydantic without the words it puts before a validator's own."""
    return message.removeprefix("Value error, ")


def did_you_mean(word: str, known: Iterable[str], most: int = 20) -> str:
    """Return the end of a message about an unknown `word`: the nearest known one, else those there are."""
    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(choices) - most} more" if len(choices) > most else ""
    return f"; known are {', '.join(choices[:most])}{more}"
