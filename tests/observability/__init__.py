"""What an operator sees: metrics, logs, traces, alerts.  A package, so that its installation ends with its last test."""
