"""What speaks to upstreams: one module a protocol, one row of `registry.KINDS` a kind of connection."""
