"""Persistence: the engine, the tables, the migrations and the writer that groups commits."""
