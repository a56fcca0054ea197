"""Groups of customers who are alike: clusters, personas, and the value at risk in each."""
