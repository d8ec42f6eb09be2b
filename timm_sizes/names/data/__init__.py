"""The shipped data: the catalogue of timm's checkpoints and names (generate.py makes it), and what it takes of the Hub.

Taken: the repos that timm 0.9.2 of May 2023 names, and the sizes that the Hub's pages displayed in March 2024.
"""
