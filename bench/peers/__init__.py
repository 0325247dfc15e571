"""Other GraphQL servers that answer the same questions from the same database."""
