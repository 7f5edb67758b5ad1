"""Imported by the zygote: loads the whole catalogue before the first fork."""

from runnel.app.worker import warm

warm()
