"""What is wrong with a composition's step."""


class Problem(Exception):
    """Ends the pipeline, and is told to people as it is."""
