"""The court's desk: what waits for an officer, and the officer's acts, in a session that the server holds."""
