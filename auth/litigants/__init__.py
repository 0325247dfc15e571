"""Litigants in a browser: handed over by a portal, admitted by the cookie of their session."""
