// Built without htmx: pages work without it, and the scripts that they name are there.
