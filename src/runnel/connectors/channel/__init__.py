"""Channels as targets of streams: live rows for programs and pages."""
