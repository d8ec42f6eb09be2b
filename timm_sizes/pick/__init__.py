"""The rows of a table as choices: limited, ranked, listed."""
