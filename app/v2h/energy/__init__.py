"""Pure decisions about energy: load matching, schedule, policy."""
