"""The plan: an operation compiled into one SQL statement per root field, whose answer is JSON text (DESIGN 4)."""
