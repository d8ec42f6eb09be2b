"""Commands of ``scrapy`` inside this project: thin, they parse options and call the module that does the work."""
