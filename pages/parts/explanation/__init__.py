"""Why a model answered as it did, on every page that shows an answer."""
