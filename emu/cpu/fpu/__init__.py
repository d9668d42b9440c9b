"""Floating point: the x87 unit and the soft-float it is made of (also used by SSE)."""
