"""What leaves for an operator's other systems, when they ask for it: traces (OpenTelemetry) and errors (Sentry).

Both are extras, imported only when they are configured; neither gets a secret, nor anything personal beyond ids (R58).
"""
