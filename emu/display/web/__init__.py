"""A page for the browser: noVNC, from its own package, and the WebSocket that it speaks RFB on."""
