"""How good a model version is: curves, thresholds, money, comparison and the printed card."""
