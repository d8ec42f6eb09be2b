"""A model's name and what it stands for: repo, architecture, catalogue entry."""
