"""PAdES: signatures inside a PDF, made without changing what stands there, and validated with what came after them."""
