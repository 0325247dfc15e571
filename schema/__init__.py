"""What the service says: types, inputs, enums and descriptions. `schema.graphql` is made from it, never by hand."""
