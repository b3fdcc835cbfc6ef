"""Mail: what we write to people, and the transport that carries it.  Sent by the worker, never from a request."""
