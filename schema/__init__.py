"""The GraphQL schema: types, inputs and root fields by subject. `builder.build_engine` builds it."""

from schema.enums import register

register()
