"""MLflow: keeps the bytes of models, numbers versions, shows them. The one door to its client."""
