"""The question-answering tasks, one file a family: each holds `TASKS`, its entries."""
