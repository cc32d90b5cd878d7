"""The HTTP face: thin routes over the use cases; after the Belgian government's REST guide (Belgif)."""
