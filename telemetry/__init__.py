"""Tells those who run the service how it is: metrics, traces and logs. Nothing in them is personal."""
