"""The project's spiders: there is one, hf_sizes."""
