"""Actions: one verb a module. They know ports and the model, never a back end."""
