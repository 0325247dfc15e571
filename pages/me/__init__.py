"""One's own record (我的诉讼信用): for litigants whom a portal hands over, with their own rights."""
