"""Descriptions of GraphQL types: the docstrings of their classes."""


def read_description(cls: type) -> str:
    """Return the docstring of a class on one line. Raises TypeError if the class has none."""
    if not cls.__doc__:
        raise TypeError(f"{cls.__name__} needs a docstring: it is the description of the GraphQL type.")
    return " ".join(cls.__doc__.split())
