"""What the document says of the protocol endpoints, which `idp.oauth` serves."""
