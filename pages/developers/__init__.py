"""Pages for developers: quickstarts, the schema as each audience reaches it, documents, and where everything is."""
