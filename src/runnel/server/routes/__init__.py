"""The routes, one thin file per resource; each holds them as `routes`."""
