const answer = res.getBody();
if (answer.access_token) bru.setVar("accessToken", answer.access_token);
if (answer.error === "use_dpop_nonce" && !bru.getVar("again")) {
  bru.setVar("again", true);
  bru.runner.setNextRequest("requestToken");
}
