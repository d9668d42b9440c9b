"""`emu bench`: how fast the engines are, and the peers that are installed, on the same image."""
