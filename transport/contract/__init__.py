"""What GraphQL, files, the log and the checks are asked and answer: types and operations of the OpenAPI document."""
