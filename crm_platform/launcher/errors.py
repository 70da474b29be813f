"""The one line that is printed when the launcher can't go on."""


class LaunchError(Exception):
    """A reason that a person can act on; printed without a traceback."""
