"""How fast Suxin is, beside what else would be picked for the same work."""
