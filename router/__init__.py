"""What runs: events, the engine that composes acd, ivr and escalation, the journal, the service and its adapters."""
