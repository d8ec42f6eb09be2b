"""timm_sizes: the checkpoint sizes of timm models, asked of the Hugging Face Hub and merged into benchmark tables."""
