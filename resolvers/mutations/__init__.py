"""What each mutation does: its input becomes a call of `casework`, which gives the key of the changed row."""
