"""What is served over HTTP, described at the routes, and the OpenAPI document that is written of it."""
