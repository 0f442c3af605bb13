"""The handlers in `examples/`, started as their README says."""
