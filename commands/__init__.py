"""The commands of `suxin`. `cli` lists them."""
