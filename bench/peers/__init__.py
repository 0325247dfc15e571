"""Others that answer the same questions from the same database, each as its own community would write it."""
