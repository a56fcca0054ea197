"""Customers with their latest prediction, their history and what became of them: lists, look-up, outcomes, erasure."""
