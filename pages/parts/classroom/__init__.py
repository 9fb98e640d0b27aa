"""Parts of the page Classroom."""
