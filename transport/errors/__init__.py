"""The catalogue of error codes: what each means, and what to do."""
