"""Telecom profile scoring: churn probability, lifetime value, tier and action for one customer or many."""
