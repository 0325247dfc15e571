"""The public look-up (诉信查询): forms and results without script, of the public portal's rights."""
