"""The project's tests: run from the project folder with python -m pytest."""
