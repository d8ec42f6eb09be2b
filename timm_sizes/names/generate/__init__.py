"""Makes the files in names/data from the timm that is installed; the one part of the package that needs torch."""
