"""Approvals, automations, blueprints and pools: siblings of `layouts`, above `objects`."""
