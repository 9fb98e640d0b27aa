"""Parts of the page Recordings."""
