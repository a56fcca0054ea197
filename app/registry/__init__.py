"""Sealed model versions: verified before they are read, loaded once, listed with their cards."""
