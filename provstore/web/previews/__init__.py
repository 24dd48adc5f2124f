"""What files look like: pictures, tables, headers and text of what jobs made, read with care."""
