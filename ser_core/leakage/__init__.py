"""How scores get inflated: the mistakes made on purpose, side by side, and an audit of anyone's lists of files."""
