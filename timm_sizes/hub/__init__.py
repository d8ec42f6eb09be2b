"""What is known of the Hugging Face Hub: addresses, payloads, quota headers, tokens. Pure, without Scrapy."""
