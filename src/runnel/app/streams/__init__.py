"""Streams: started, watched and ended here; each runs in a locked-down process of its own."""
