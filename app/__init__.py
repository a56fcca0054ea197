"""The TeleLink service: domains side by side, web help, persistence."""
