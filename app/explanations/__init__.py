"""Why a score is what it is: additive contributions, reasons in words, and what would change it."""
