"""`suxin backup` and `suxin restore`: the database, and apart from it the sealed keys."""
