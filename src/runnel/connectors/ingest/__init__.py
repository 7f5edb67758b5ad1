"""Records that are sent to Runnel by HTTP."""
