"""What can be asked and done: types, inputs and root fields, by subject. `building.build_engine` puts them together."""

from schema.enums import register

register()
