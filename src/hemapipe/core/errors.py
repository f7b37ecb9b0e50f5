"""The one error a user is meant to read."""


class HemapipeError(Exception):
    """What is wrong and what to do about it, in words for the person at the keyboard.

    Stages and the command line print it without a traceback and exit with status 1.
    Anything else that escapes is a defect of hemapipe and keeps its traceback.
    """
