"""Pages for people, rendered on the server: what they show is the answer of the schema to the principal of the page."""
