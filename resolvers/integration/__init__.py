"""How a client finds its own registration."""
