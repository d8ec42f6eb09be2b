"""The shipped data: the catalogue of timm's checkpoints and names (generate.py makes them) and a sample benchmark."""
