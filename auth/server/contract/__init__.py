"""What the OAuth endpoints are asked and answer, as types and as operations of the OpenAPI document."""
