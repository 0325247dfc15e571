const answer = res.getBody();
if (answer.client_id) bru.setEnvVar("clientId", answer.client_id);
