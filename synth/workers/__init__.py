"""Work items spread over processes, results in the order of the items."""
