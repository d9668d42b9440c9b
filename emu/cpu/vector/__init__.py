"""MMX, SSE and SSE2: packed integers and floating point in 64 and 128-bit registers."""
