"""Parts of the page Live."""
