"""The commands of `suxin`, one subject a module; `cli` puts them together."""
