"""HTTP help that knows no domain."""
