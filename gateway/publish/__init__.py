"""What third parties run and read, generated from the data of form kinds: Schematron, XSLT, rule book, field guide."""
