"""What each page says: a module is a page, and gives its template what to place."""
