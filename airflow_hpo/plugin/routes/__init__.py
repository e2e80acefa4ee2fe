"""Routes of the pages' API, one module for each part; each is thin: who may, then what a room below answers."""
