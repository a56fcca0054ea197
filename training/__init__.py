"""Offline work: datasets, fitting, evaluation and sealing. Nothing here is imported by the service."""
