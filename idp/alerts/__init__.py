"""Security alerts: what a tenant's contacts must hear at once, by mail and by webhook, and once a trouble."""
