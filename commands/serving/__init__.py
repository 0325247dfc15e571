"""`suxin serve`: the processes of the service."""
