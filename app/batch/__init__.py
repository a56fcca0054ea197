"""CSV files: mapping, validation report, jobs in a process of their own, results and error files."""
