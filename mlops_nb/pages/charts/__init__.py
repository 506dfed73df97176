"""Charts that answer to the mouse: reduced before the browser, asked again on zoom."""
