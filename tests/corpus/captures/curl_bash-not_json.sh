curl 'https://a.test/hooks' \
  -H 'Content-Type: application/json' \
  -H 'X-Gooclaim-Event: workflow.completed' \
  -H 'X-Gooclaim-Timestamp: 1779272065' \
  -H 'X-Gooclaim-Idempotency-Key: idem_fake_1' \
  -H 'X-Gooclaim-Signature: 5e95ddc4b6f165a8bb249d10d2fc538a2e4dfda237fa2f74b3425765d0d5bb53' \
  --data-raw 'event_id=evt_fake&event_type=workflow.completed'