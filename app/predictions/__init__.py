"""What was predicted, when, by which version and from which inputs; and the portfolio behind GET /stats."""
