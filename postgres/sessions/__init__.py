"""What the service presumes of its sessions: that poolers keep what it needs, settings by role, and that it hears."""
