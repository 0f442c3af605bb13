curl 'https://a.test/hooks' \
  -H 'Content-Type: application/json' \
  -H 'X-Gooclaim-Event: workflow.completed' \
  -H 'X-Gooclaim-Timestamp: 1779272065' \
  -H 'X-Gooclaim-Idempotency-Key: idem_fake_1' \
  -H 'X-Gooclaim-Signature: 75950484f48e8e6d40c2fd324ec6e27da40e8b93609f3969b065d0bbf86726a9' \
  --data-raw $'{"event_id":"evt_01KS1QZJ5RCORPUS00000000","event_type":"workflow.completed","tenant_id":"tnt_fake","occurred_at":"2026-05-20T10:14:25Z","data":{"workflow_id":"wf_fake","workflow_type":"claim-status","claim_id_hash":"sha256:5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5","note":"\u20b9 na\u00efve / <b> & \u0928\u092e\u0938\u094d\u0924\u0947"}}'