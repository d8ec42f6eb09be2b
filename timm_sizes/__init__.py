"""timm_sizes: checkpoint sizes of timm models, requested from the Hugging Face Hub and merged into benchmark tables."""
