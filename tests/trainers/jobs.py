"""Jobs of hosted services, written by hand after the types of their clients."""

from typing import Any

OPENAI: dict[str, Any] = {
    "id": "ftjob-abc123",
    "created_at": 1762000000,
    "error": {"code": None, "message": None, "param": None},
    "fine_tuned_model": "ft:gpt-4o-mini-2024-07-18:acme:dates:9xYz12AB",
    "finished_at": 1762003600,
    "hyperparameters": {"batch_size": 1, "learning_rate_multiplier": 1.8, "n_epochs": 3},
    "model": "gpt-4o-mini-2024-07-18",
    "object": "fine_tuning.job",
    "organization_id": "org-123",
    "result_files": ["file-results1"],
    "seed": 42,
    "status": "succeeded",
    "trained_tokens": 5768,
    "training_file": "file-train1",
    "validation_file": "file-valid1",
    "estimated_finish": None,
    "integrations": [],
    "metadata": None,
    "user_provided_suffix": "dates",
    "method": {
        "type": "supervised",
        "supervised": {
            "hyperparameters": {"batch_size": 1, "learning_rate_multiplier": 1.8, "n_epochs": 3}
        },
    },
}
DPO: dict[str, Any] = {
    **OPENAI,
    "id": "ftjob-def456",
    "hyperparameters": {},
    "model": OPENAI["fine_tuned_model"],
    "fine_tuned_model": "ft:gpt-4o-mini-2024-07-18:acme:polite:9zZz34CD",
    "method": {
        "type": "dpo",
        "dpo": {
            "hyperparameters": {
                "beta": 0.1, "batch_size": 8, "learning_rate_multiplier": 0.5, "n_epochs": 2
            }
        },
    },
}  # fmt: skip
RESULTS = (
    "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
    "1,2.0,0.25,1.9,0.3\n2,1.5,0.5,,\n3,1.0,0.75,1.2,0.7\n"
)
_ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012"
BEDROCK: dict[str, Any] = {
    "jobArn": f"{_ACCOUNT}:model-customization-job/amazon.titan-text-lite-v1:0:4k/abcdefghij12",
    "jobName": "dates-2",
    "outputModelName": "dates",
    "outputModelArn": f"{_ACCOUNT}:custom-model/amazon.titan-text-lite-v1:0:4k/klmnopqrst34",
    "clientRequestToken": "3f9c",
    "roleArn": "arn:aws:iam::123456789012:role/tuning",
    "status": "Completed",
    "creationTime": "2026-11-01T10:00:00.000Z",
    "lastModifiedTime": "2026-11-01T11:00:00.000Z",
    "endTime": "2026-11-01T11:00:00.000Z",
    "baseModelArn": ("arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-lite-v1:0:4k"),
    "hyperParameters": {"epochCount": "2", "batchSize": "1", "learningRate": "0.00001"},
    "trainingDataConfig": {"s3Uri": "s3://acme/train.jsonl"},
    "validationDataConfig": {"validators": [{"s3Uri": "s3://acme/valid.jsonl"}]},
    "outputDataConfig": {"s3Uri": "s3://acme/out/"},
    "customizationType": "FINE_TUNING",
    "trainingMetrics": {"trainingLoss": 0.9},
    "validationMetrics": [{"validationLoss": 1.1}],
}
STEPS = "step_number,epoch_number,training_loss,perplexity\n0,0,2.0,7.4\n1,0,1.5,4.5\n2,1,0.9,2.5\n"
VALIDATION = "step_number,epoch_number,validation_loss,perplexity\n2,1,1.1,3.0\n"
