"""The systemd units: read by systemd's own tools, and booted in a container."""
