"""`suxin log`."""
