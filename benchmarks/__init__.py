"""What is measured, and how. The last figures are in README.md."""
