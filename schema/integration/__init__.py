"""What a client sees of its own registration, for those who build and run its programs."""
